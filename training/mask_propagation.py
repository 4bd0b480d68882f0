"""The consistency loss on another network (the paper's Table 4): with it and without, several seeds, one table.

    python training/mask_propagation.py --data DATA --out runs/mask_propagation

The network is mask propagation at its plainest, as MaskTrack (Perazzi et al., 2017) and RGMP (Oh et al., 2018) have
it: the frame and the mask of the frame before, four channels, go through an encoder, here MobileNetV2, and a decoder
makes the new mask. There is no template, no matching and no memory. It shares nothing with TTVOS but the heatmap and
the loss: a convolution on the decoder's map at stride 8 estimates the transition matrix for `TemporalConsistencyLoss`.

Clips, budget and sequences are those of the ablation's config. Finished runs are kept; a stopped one begins anew.
"""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.compare import Scores
from ttvos_tf.evaluation.davis import Score, annotated, score_sequence
from ttvos_tf.evaluation.seeds import claims, table
from ttvos_tf.evaluation.track import ids_of
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import Size, size_of
from ttvos_tf.runtime.aggregation import most_probable, soft_aggregate
from ttvos_tf.training.experiments import Sets, add_arguments, kept_scores, run_experiments
from ttvos_tf.training.settings import RunSettings, ValidationSettings, as_json

if TYPE_CHECKING:  # arguments are checked before TensorFlow is imported
    from ttvos_tf.compat import keras, tf

HERE = Path(__file__).resolve().parent
TITLES = {"without": "cross entropy alone", "with": "and the consistency loss"}
TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project_BN")  # of MobileNetV2, at strides 4 to 32
WIDTH = 48  # of the decoder


@run_script("mask_propagation.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    add_arguments(parser, HERE / "configs/ablation.toml", Path("runs/mask_propagation"))
    args = parser.parse_args(argv)
    overrides = {name: [f"train.temporal_consistency_loss={str(name == 'with').lower()}"] for name in TITLES}
    results = run_experiments(args, overrides, functools.partial(run, args.data))
    print(table(TITLES, results))
    print(f"\n{claims({'consistency loss': ('with', 'without')}, results)}")


def run(data: Path, _name: str, settings: RunSettings, sets: Sets, out: Path) -> dict[str, Scores]:
    """Trains with one seed and scores on each set; what is there already is read."""
    trained: list[keras.Model] = []

    def measure(block: ValidationSettings) -> dict[str, Score]:
        if not trained:
            trained.append(train(settings, data))
        model = build(block.height, block.width, weights=None)
        model.set_weights(trained[0].get_weights())
        year = str(block.year)
        videos = sequences(data / block.path, block.split, year)
        return {
            f"{video.name}_{i}": score
            for video in tqdm(videos, unit="sequence", desc="scoring", disable=None)
            for i, score in score_video(model, video, year).items()
        }

    return {
        each: kept_scores(out / f"{each}.json", as_json(settings), functools.partial(measure, block))
        for each, block in sets.items()
    }


def build(height: int, width: int, weights: str | None) -> "keras.Model":
    """Frame (B, H, W, 3) and mask (B, H, W, 1), both in [-1, 1] -> [logit (B, H, W, 1); pi_hat (B, H/8, W/8, 2)].

    Args:
        height, width: of a frame, multiples of 16.
        weights: of MobileNetV2, as backbones.registry.build_backbone takes them. The mask's channel begins at zero.
    """
    from ttvos_tf.backbones.registry import build_backbone
    from ttvos_tf.compat import keras

    layers = keras.layers
    base = keras.applications.MobileNetV2(input_shape=(height, width, 4), include_top=False, weights=None)
    if weights:
        published = build_backbone("mobilenet_v2", weights=weights, height=height, width=width).model
        known = {layer.name: layer.get_weights() for layer in published.layers}
        kernel, *rest = known["Conv1"]
        known["Conv1"] = [np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2), *rest]
        for layer in base.layers:
            layer.set_weights(known.get(layer.name, layer.get_weights()))
    encoder = keras.Model(base.input, [base.get_layer(tap).output for tap in TAPS], name="encoder")
    frame, mask = layers.Input((height, width, 3), name="frame"), layers.Input((height, width, 1), name="mask")
    maps = encoder(layers.Concatenate()([frame, mask]), training=False)  # batch norms stay as they were published
    x = layers.Conv2D(WIDTH, 1, name="top")(maps[-1])
    for stride, skip in zip((16, 8, 4), maps[-2::-1], strict=True):
        x = layers.Resizing(*skip.shape[1:3], name=f"up{stride}")(x)
        x = layers.Concatenate(name=f"join{stride}")([x, layers.Conv2D(WIDTH, 1, name=f"skip{stride}")(skip)])
        x = layers.Conv2D(WIDTH, 3, padding="same", activation="relu", name=f"decode{stride}")(x)
        if stride == 8:
            pi_hat = layers.Conv2D(2, 3, padding="same", activation="tanh", name="transition")(x)
    logit = layers.Resizing(height, width, name="logit")(layers.Conv2D(1, 3, padding="same", name="logit4")(x))
    return keras.Model([frame, mask], [logit, pi_hat], name="mask_propagation")


def propagate(model: "keras.Model", frame: "tf.Tensor", mask: "tf.Tensor") -> "tuple[tf.Tensor, tf.Tensor]":
    """The model's outputs, of a frame uint8 (B, H, W, 3) and the previous probability (B, H, W, 1)."""
    from ttvos_tf.network.heatmap import normalize

    return model([normalize(frame), 2.0 * mask - 1.0])


def clip_loss(model: "keras.Model", frames: "tf.Tensor", masks: "tf.Tensor", transition_weight: float) -> "tf.Tensor":
    """Eq. 5 over a clip, each frame going on from the mask before it: its own but for the first.

    Args:
        model: see `build`.
        frames: uint8 (B, T, H, W, 3).
        masks: uint8 (B, T, H, W): 1 the target, 0 the rest, 255 void.
        transition_weight: lambda; 0 leaves the consistency loss out.
    """
    from ttvos_tf.compat import tf
    from ttvos_tf.losses import TemporalConsistencyLoss, cross_entropy
    from ttvos_tf.network.heatmap import foreground_probability, pool_mask

    consistency = TemporalConsistencyLoss()
    target = tf.cast(masks == TARGET, tf.float32)[..., None]
    known = tf.cast(masks != VOID, tf.float32)[..., None]
    previous, losses = target[:, 0], []
    for t in range(1, frames.shape[1]):
        logit, pi_hat = propagate(model, frames[:, t], previous)
        loss = cross_entropy(logit, masks[:, t])
        if transition_weight:
            share = tf.nn.avg_pool2d(known[:, t], 8, 8, "VALID")
            loss += transition_weight * consistency(pi_hat, pool_mask(target[:, t]), pool_mask(previous), share)
        losses.append(loss)
        previous = foreground_probability(logit)
    return tf.add_n(losses) / len(losses)


def train(settings: RunSettings, data: Path) -> "keras.Model":
    """Trains all steps of the settings on the batches that TTVOS would get.

    Raises:
        TTVOSError: bad settings or data; clips of several sizes.
    """
    from ttvos_tf.compat import tf
    from ttvos_tf.training.distribution import SINGLE_PROCESS
    from ttvos_tf.training.loop import clips, open_sources
    from ttvos_tf.training.optimizer import build_optimizer, prepare

    options = settings.train
    if options.further_sizes:
        raise TTVOSError("train.further_sizes: this network is built for one size")
    prepare(options)
    model = build(options.height, options.width, settings.backbone_from(data))
    variables = model.trainable_variables
    optimizer = build_optimizer(options, variables)
    transition_weight = options.transition_weight if options.temporal_consistency_loss else 0.0

    @tf.function
    def step(frames: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = clip_loss(model, frames, masks, transition_weight)
        gradients = zip(tape.gradient(loss, variables), variables, strict=True)
        optimizer.apply_gradients([(gradient, variable) for gradient, variable in gradients if gradient is not None])
        return loss

    stream = clips(open_sources(settings, data), options, 0, SINGLE_PROCESS)
    bar = tqdm(stream, total=options.steps, unit="step", desc="training", disable=None)
    for batch in bar:
        bar.set_postfix(loss=f"{float(step(batch.frames, batch.masks)):.4f}", refresh=False)
    return model


def score_video(model: "keras.Model", video: AnnotatedVideo, year: str) -> dict[int, Score]:
    """Follows all objects of a sequence from their first masks and scores them, id -> score."""
    truths = [annotated(read_mask(path), year) for path in video.annotations]
    ids = ids_of(truths[0], video)
    found = track(model, video, truths[0], ids)
    return score_sequence(list(zip(found, truths, strict=True))[1:-1], ids)


def track(model: "keras.Model", video: AnnotatedVideo, first: np.ndarray, ids: list[int]) -> Iterator[np.ndarray]:
    """Labels uint8 (H, W) of every frame, the given ones first; objects are joined by soft aggregation."""
    from ttvos_tf.compat import tf

    size: Size = tuple(model.input_shape[0][1:3])
    step = tf.function(lambda frame, masks: propagate(model, frame, masks)[0], autograph=False)
    soft = {i: _resized((first == i).astype(np.float32), size) for i in ids}
    yield first
    for path in video.frames[1:]:
        frame = _resized(read_image(path, upright=False), size)
        masks = np.stack([*soft.values()])[..., None]
        logits = step(np.repeat(frame[None], len(ids), axis=0), masks).numpy()[..., 0]
        soft = dict(zip(ids, soft_aggregate(logits)[1:], strict=True))
        yield most_probable({i: _resized(each, size_of(first)) for i, each in soft.items()}, size_of(first))


def _resized(picture: np.ndarray, size: Size) -> np.ndarray:
    way = cv2.INTER_AREA if size < size_of(picture) else cv2.INTER_LINEAR
    return cv2.resize(picture, size[::-1], interpolation=way)


if __name__ == "__main__":
    sys.exit(main())
