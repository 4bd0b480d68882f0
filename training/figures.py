"""Draws a figure of the paper with this project's networks, on the bundled clip or on a sequence of DAVIS.

    python training/figures.py 2 --out figure2.png                 # the network, from its own shapes
    python training/figures.py 3 --out figure3.png                 # similarity maps S_t (Eq. 3)
    python training/figures.py 4 --out figure4.png                 # H_t - H_{t-1}, and H_t - H_hat_{t-1} (Eq. 4)
    python training/figures.py 5 --out figure5.png                 # with and without long-term matching
    python training/figures.py 6 --out figure6.png --runs runs/ablation     # short-term alone, long-term alone, both

Figures 3 to 5 are of --weights. Figure 6 needs what training/ablation.py leaves. The ending of --out says what is
written: PNG, WebP, JPEG.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.data.davis import sequences
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import annotated
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.sizes import Size, parse_size
from ttvos_tf.training.pictures import signed

if TYPE_CHECKING:  # arguments are checked before TensorFlow is imported
    from ttvos_tf.compat import tf
    from ttvos_tf.network.ttvos import TTVOS, State

ROOT = Path(__file__).resolve().parents[1]
ABLATION = {"short-term alone": "1", "long-term alone": "2", "both": "6"}  # column of Fig. 6 -> experiment of Table 3
FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
CHANNELS = 4  # similarity maps that Fig. 3 shows
MAGENTA, BLUE = (255, 0, 200), (32, 64, 255)


class Video(NamedTuple):
    """A clip with one target: frames uint8 RGB (T, H, W, 3), and truth bool (T, H, W)."""

    frames: np.ndarray
    truth: np.ndarray


class Tracked(NamedTuple):
    """A frame as a network saw it: the state before it, and the target's probability float32 (H, W)."""

    state: "State"
    probability: np.ndarray


Row = list[np.ndarray]  # pictures of one size, uint8 RGB


@run_script("figures.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("figure", type=int, choices=[2, 3, 4, 5, 6], help="which of the paper's")
    parser.add_argument("--out", type=Path, metavar="FILE", help="(default: figure<N>.png)")
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "weights/hrnet.npz", help="the network (default: the paper's, HRNet)"
    )
    parser.add_argument("--size", default="240x432", metavar="HxW", help="of its frames (default: 240x432)")
    parser.add_argument("--davis", type=Path, metavar="DIR", help="a DAVIS-2016 folder (default: the bundled clip)")
    parser.add_argument("--sequence", metavar="NAME", help="with --davis, which sequence of its split trainval")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/ablation"), metavar="DIR", help="for figure 6: of training/ablation.py"
    )
    args = parser.parse_args(argv)
    out, size = args.out or Path(f"figure{args.figure}.png"), parse_size(args.size)
    if out.suffix.lower() not in FORMATS:
        raise TTVOSError(f"--out {out}: must end in {', '.join(FORMATS)}")
    if (args.davis is None) != (args.sequence is None):
        raise TTVOSError("--davis and --sequence: give both, or none")
    files = [args.weights]
    if args.figure == 6:
        files = [args.runs / number / "0/weights.npz" for number in ABLATION.values()]
        for file in files:
            if not file.exists():
                raise TTVOSError(f"{file}: no such weights: python training/ablation.py --out {args.runs} makes them")
    check_outputs([*files, args.davis], {"--out": out})
    video = davis_video(args.davis, args.sequence, size) if args.davis else None
    from ttvos_tf.factory import load_model

    models = [load_model(file, height=size[0], width=size[1]) for file in files]
    if args.figure == 2:
        from ttvos_tf.inspection.drawing import draw_stages
        from ttvos_tf.inspection.stages import stages

        picture = draw_stages(stages(models[0]))
    else:
        draw = {3: figure_3, 4: figure_4, 5: figure_5, 6: figure_6}[args.figure]
        picture = draw(models, video or bundled_video(size))
    with atomic_file(out) as partial:
        Image.fromarray(picture).save(partial, format=FORMATS[out.suffix.lower()], quality=80)
    print(out)


def bundled_video(size: Size) -> Video:
    """The bundled clip, rendered anew for its true masks: the car."""
    from ttvos_tf.sample.render import CAR, render

    frames, labels = render()
    return Video(*(_resized(part, size) for part in (frames, (labels == CAR).view(np.uint8))))


def davis_video(davis: Path, name: str, size: Size) -> Video:
    """A sequence of DAVIS-2016.

    Raises:
        TTVOSError: no such sequence, or an unreadable file.
    """
    video = next((each for each in sequences(davis, "trainval", "2016") if each.name == name), None)
    if video is None:
        raise TTVOSError(f"--sequence {name}: not in ImageSets/2016/trainval.txt of {davis}")
    frames = [read_image(path, upright=False) for path in video.frames]
    masks = [annotated(read_mask(path), "2016") for path in video.annotations]
    return Video(_resized(np.stack(frames), size), _resized(np.stack(masks), size))


def _resized(pictures: np.ndarray, size: Size) -> np.ndarray:
    """Frames (T, H, W, 3) by area; masks (T, H, W) by the nearest pixel, as bool."""
    nearest = pictures.ndim == 3
    way = cv2.INTER_NEAREST if nearest else cv2.INTER_AREA
    resized = np.stack([cv2.resize(picture, size[::-1], interpolation=way) for picture in pictures])
    return resized > 0 if nearest else resized


def track(model: "TTVOS", video: Video) -> list[Tracked]:
    """Follows the target from its true first mask; of every frame but the first, what the network saw."""
    from ttvos_tf.compat import tf

    step = tf.function(model.step)
    state = model.init(video.frames[:1], tf.cast(video.truth[:1, ..., None], tf.float32))
    seen = []
    for frame in tqdm(video.frames[1:], unit="frame", desc="tracking", disable=None):
        probability, after = step(frame[None], state)
        seen.append(Tracked(state, probability.numpy()[0, ..., 0]))
        state = after
    return seen


def figure_3(models: Sequence["TTVOS"], video: Video) -> np.ndarray:
    """Three frames, and channels of S_t (telling_channels): red is similar, blue is not."""
    (model,) = models
    seen = track(model, video)
    places = [len(seen) // 4, len(seen) // 2, len(seen) - 1]
    maps = [similarity_maps(model, video.frames[place + 1], seen[place].state) for place in places]
    channels = telling_channels(maps[0], cells(video.truth[places[0] + 1]))
    rows = []
    for place, similarity in zip(places, maps, strict=True):
        frame = tinted(video.frames[place + 1], seen[place].probability > 0.5, MAGENTA)
        rows.append([frame, *(enlarged(signed(scaled(similarity[..., c])), frame) for c in channels)])
    return sheet(rows, ["mask found", *(f"S_t, channel {c}" for c in channels)])


def similarity_maps(model: "TTVOS", frame: np.ndarray, state: "State") -> np.ndarray:
    """S_t of Eq. 3, float32 (H/8, W/8, C8), of a frame uint8 (H, W, 3) and the state before it."""
    from ttvos_tf.compat import keras

    head, known = model.segmentation_head, {**model.encode(frame[None]), **state}
    names = ("feat8", "state_mask", "state_template")
    inputs = [head.get_layer(name).output for name in names]
    match = keras.Model(inputs, head.get_layer("attention_match").output)
    return match([known[name] for name in names]).numpy()[0]


def telling_channels(maps: np.ndarray, target: np.ndarray) -> list[int]:
    """Of maps (h, w, C), the channel that tells a target (h, w), 0 to 1, best from the rest, and those least like it.

    Each further one is that which correlates least with all before it.
    """
    flat, weights = maps.reshape(-1, maps.shape[-1]), target.ravel()
    inside, outside = (np.average(flat, axis=0, weights=part) for part in (weights, 1 - weights))
    with np.errstate(invalid="ignore", divide="ignore"):  # a channel may be the same everywhere
        alike = np.nan_to_num(np.abs(np.corrcoef(flat.T)), nan=1.0)
        chosen = [int(np.nanargmax(np.abs(inside - outside) / flat.std(axis=0)))]
    while len(chosen) < CHANNELS:
        chosen.append(int(np.argmin(alike[chosen].max(axis=0))))
    return chosen


def figure_4(models: Sequence["TTVOS"], video: Video) -> np.ndarray:
    """The paper's Fig. 4, of the frame in which the network puts most of its own mistakes right.

    Rows: frames t-1 and t. Columns: the frame; the truth; what is found; what of it is wrong, in blue; and the
    transitions of the foreground, H_t - H_{t-1} above H_t - H_hat_{t-1}, red where the target has to come, blue where
    it has to go.
    """
    (model,) = models
    seen = track(model, video)
    found = np.stack([video.truth[0], *(each.probability > 0.5 for each in seen)])
    wrong = found != video.truth
    t = 1 + int(np.argmax(np.count_nonzero(wrong[:-1] & ~wrong[1:], axis=(1, 2))))
    transitions = true_transition(video.truth, t), learned_transition(video.truth[t], seen[t - 1].state["state_mask"])
    rows = []
    for at, transition in zip((t - 1, t), transitions, strict=True):
        frame = video.frames[at]
        masks = [tinted(frame, video.truth[at], MAGENTA), tinted(frame, found[at], MAGENTA)]
        marked = tinted(tinted(frame, found[at] & ~wrong[at], MAGENTA), wrong[at], BLUE)
        rows.append([frame, *masks, marked, enlarged(signed(transition), frame)])
    return sheet(rows, [f"frames {t - 1}, {t}", "truth", "found", "wrong in blue", "H_t - H_t-1; H_t - H^_t-1"])


def true_transition(truth: np.ndarray, t: int) -> np.ndarray:
    """H_t - H_{t-1}, the foreground's channel: float32 (H/8, W/8), of masks bool (T, H, W)."""
    return cells(truth[t]) - cells(truth[t - 1])


def learned_transition(truth: np.ndarray, state_mask: "tf.Tensor") -> np.ndarray:
    """pi_t = H_t - H_hat_{t-1} (Eq. 4), the foreground's channel: float32 (H/8, W/8).

    Args:
        truth: of frame t, bool (H, W).
        state_mask: of the state before frame t (1, H/8, W/8, 2 or more), the newest heatmap first.
    """
    return cells(truth) - np.asarray(state_mask)[0, ..., 1]


def cells(mask: np.ndarray) -> np.ndarray:
    """The heatmap's foreground of a mask (H, W): float32 (H/8, W/8), as the network pools it."""
    from ttvos_tf.network.heatmap import pool_mask

    return pool_mask(mask[None, ..., None].astype(np.float32)).numpy()[0, ..., 1]


def figure_5(models: Sequence["TTVOS"], video: Video) -> np.ndarray:
    """First, middle and last frame: the truth, what the network finds, and without long-term matching, all zeros."""
    (model,) = models
    whole = track(model, video)
    remove_long_term(model)
    return compared(video, {"with long-term": whole, "without long-term": track(model, video)})


def remove_long_term(model: "TTVOS") -> None:
    """Makes a network take zeros for its similarity features: the decoder's weights for them become 0."""
    layer = model.segmentation_head.get_layer("decoder_8")
    kernel, bias = layer.get_weights()
    kernel[:, :, model.config.decoder_channels :] = 0  # its input: the upsampled u16, then the similarity features
    layer.set_weights([kernel, bias])


def figure_6(models: Sequence["TTVOS"], video: Video) -> np.ndarray:
    """First, middle and last frame: the truth, and what networks of the ablation find (ABLATION)."""
    return compared(video, {title: track(model, video) for title, model in zip(ABLATION, models, strict=True)})


def compared(video: Video, results: dict[str, list[Tracked]]) -> np.ndarray:
    """A row for each of three frames: the truth, and what each of several networks found."""
    rows = []
    for t in (1, len(video.frames) // 2, len(video.frames) - 1):
        frame = video.frames[t]
        found = [tinted(frame, seen[t - 1].probability > 0.5, MAGENTA) for seen in results.values()]
        rows.append([tinted(frame, video.truth[t], MAGENTA), *found])
    return sheet(rows, ["truth", *results])


def tinted(frame: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """A frame uint8 (H, W, 3), half of a colour where a mask is."""
    return np.where(mask[..., None], frame // 2 + np.array(colour, np.uint8) // 2, frame)


def scaled(values: np.ndarray) -> np.ndarray:
    """A map about its mean, two deviations being 1."""
    return (values - values.mean()) / (2 * values.std() + 1e-6)


def enlarged(picture: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Cells as squares, in the size of a frame."""
    return cv2.resize(picture, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def sheet(rows: Sequence[Row], titles: Sequence[str]) -> np.ndarray:
    """Pictures in rows, at half their size, below a line of titles: uint8 RGB."""
    height, width = (side // 2 for side in rows[0][0].shape[:2])
    small = [[cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in row] for row in rows]
    line = np.full((20, width * len(titles), 3), 255, np.uint8)
    for column, title in enumerate(titles):
        cv2.putText(line, title, (4 + column * width, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([line, *(np.hstack(row) for row in small)])


if __name__ == "__main__":
    sys.exit(main())
