"""The training loop: one optimiser step, checkpoints, resume."""

import csv
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.compat import keras, tf
from ttvos_tf.data.clip import ClipSource, ClipSpec
from ttvos_tf.data.loader import batches
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.model import TTVOS, build_model
from ttvos_tf.training.clip_loss import ClipLoss, clip_loss
from ttvos_tf.training.settings import RunSettings, TrainSettings
from ttvos_tf.weights import WEIGHTS, assign_weights, read_npz, variables, weight_arrays, write_npz

CHECKPOINT = "checkpoint.npz"
RELEASE = "weights.npz"
LOG = "log.csv"


def freeze(model: TTVOS, settings: TrainSettings) -> None:
    """Marks what training may change: section 4 freezes every backbone layer but the last block.

    Batch norms with pre-trained statistics stay as they are, if asked; the backbone's own laterals always train.
    """
    laterals = set(getattr(model.encoder, "laterals", ()))
    for layer in model.encoder.layers:
        layer.trainable = settings.train_backbone == "all" or layer.name in model.encoder.last_block
        if isinstance(layer, keras.layers.BatchNormalization) and layer.name not in laterals:
            layer.trainable = layer.trainable and not settings.freeze_batch_norm


class Trainer:
    """A network with its optimiser and averaged weights.

    Attributes:
        model: the network being trained.
        step: optimiser steps taken.
    """

    def __init__(self, settings: RunSettings, data_root: Path):
        train = settings.train
        keras.utils.set_random_seed(train.seed)
        backbone_weights = settings.backbone_weights
        if backbone_weights and backbone_weights != "imagenet":
            backbone_weights = str(data_root / backbone_weights)
        self.settings = settings
        self.model = build_model(
            settings.model, height=train.height, width=train.width, backbone_weights=backbone_weights or None
        )
        if settings.init:
            path = data_root / settings.init
            assign_weights(self.model, read_npz(path), path)
        freeze(self.model, train)
        self.trained = [v for part in self.model.models for v in part.trainable_variables]
        decay = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            decay_steps=max(1, train.steps - train.warmup),
            warmup_target=train.learning_rate,
            warmup_steps=train.warmup,
        )
        self.optimizer = keras.optimizers.Adam(decay, global_clipnorm=train.clip_norm)
        self.optimizer.build(self.trained)
        self.average = {name: tf.Variable(v, trainable=False) for name, v in variables(self.model).items()}

    @property
    def step(self) -> int:
        return int(self.optimizer.iterations)

    @tf.function(reduce_retracing=True)
    def train_step(self, frames: tf.Tensor, masks: tf.Tensor, first_mask: tf.Tensor) -> ClipLoss:
        """One optimiser step on a batch of clips; shapes as in clip_loss."""
        train = self.settings.train
        weight = train.transition_weight if train.temporal_consistency_loss else 0.0
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.trained)
            loss = clip_loss(self.model, frames, masks, first_mask, weight)
        gradients = tape.gradient(loss.total, self.trained)
        self.optimizer.apply_gradients([(g, v) for g, v in zip(gradients, self.trained, strict=True) if g is not None])
        # A young average follows the weights closely, or it would hold on to the random start.
        count = tf.cast(self.optimizer.iterations, tf.float32)
        keep = tf.minimum(train.ema_decay, (1.0 + count) / (10.0 + count))
        for name, variable in variables(self.model).items():
            self.average[name].assign_sub((1.0 - keep) * (self.average[name] - variable))
        return loss

    def save(self, path: Path) -> None:
        """Writes a checkpoint: averaged weights as `weights/`, and all that an exact resume needs."""
        arrays = weight_arrays(self.model.config, self.average)
        arrays |= {f"raw/{name}": value.numpy() for name, value in variables(self.model).items()}
        arrays |= {f"optimizer/{index}": v.numpy() for index, v in enumerate(self.optimizer.variables)}
        arrays["train"] = np.array(json.dumps(dataclasses.asdict(self.settings.train)))
        write_npz(path, arrays)

    def restore(self, path: Path) -> None:
        """Continues exactly from a checkpoint.

        Raises:
            TTVOSError: it is of another architecture, or holds weights only.
        """
        arrays = read_npz(path)
        assign_weights(self.model, arrays, path, "raw/")
        for name, value in self.average.items():
            value.assign(arrays[WEIGHTS + name])
        for index, variable in enumerate(self.optimizer.variables):
            array = arrays.get(f"optimizer/{index}")
            if array is None or array.shape != tuple(variable.shape):
                raise TTVOSError(f"{path}: no optimiser state of this run; start it anew or keep the same [train]")
            variable.assign(array)

    def release(self, path: Path) -> None:
        """Writes the averaged weights alone."""
        write_npz(path, weight_arrays(self.model.config, self.average))


def box_shaped(mask: np.ndarray) -> np.ndarray:
    """Replaces a mask's target by its bounding box: uint8 (H, W) -> uint8 (H, W)."""
    rows, columns = np.nonzero((mask == 1).any(1))[0], np.nonzero((mask == 1).any(0))[0]
    box = np.zeros_like(mask)
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 1
    return box


def first_masks(masks: np.ndarray, settings: TrainSettings, step: int) -> np.ndarray:
    """The first frames' masks as given to the network, some box-shaped: (B, T, H, W) -> (B, H, W)."""
    rng = np.random.default_rng([settings.seed, step, 1])
    boxed = rng.random(len(masks)) < settings.box_probability
    return np.stack([box_shaped(mask[0]) if box else mask[0] for mask, box in zip(masks, boxed, strict=True)])


def train(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> Trainer:
    """Trains to the end of the settings' steps.

    Args:
        settings: the run.
        data_root: what the settings' paths are relative to.
        out: folder for `checkpoint.npz`, `weights.npz` (averaged, for conversion) and `log.csv`.
        resume: continue from `out`'s checkpoint, exactly.

    Raises:
        TTVOSError: bad data or checkpoint, or a loss that is no longer finite; the last whole checkpoint stays.
    """
    if resume and not out.is_dir():
        raise TTVOSError(f"{out}: no run to resume; --out must be the folder of an earlier one")
    sources = {
        f"{index}:{block.kind}": (
            open_source(block.kind, data_root / block.path, block.split, block.year),
            block.weight,
        )
        for index, block in enumerate(settings.data)
    }
    trainer = Trainer(settings, data_root)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TTVOSError(f"{out}: cannot be written ({error.strerror})") from error
    if resume:
        trainer.restore(out / CHECKPOINT)
    with _Log(out / LOG, append=resume) as log:
        _run(trainer, sources, out, log)
    trainer.save(out / CHECKPOINT)
    trainer.release(out / RELEASE)
    return trainer


def _run(trainer: Trainer, sources: dict[str, tuple[ClipSource, float]], out: Path, log: "_Log") -> None:
    train = trainer.settings.train
    spec = ClipSpec(train.length, train.height, train.width)
    clips = batches(sources, spec, train.batch_size, seed=train.seed, start=trainer.step)
    bar = tqdm(total=train.steps, initial=trainer.step, unit="step", smoothing=0.05, disable=None)
    frames_a_step = train.batch_size * train.length
    try:
        for frames, masks in clips:
            if trainer.step >= train.steps:
                break
            started = time.perf_counter()
            loss = trainer.train_step(frames, masks, first_masks(masks, train, trainer.step))
            values = [float(value) for value in loss]
            if not np.isfinite(values).all():
                raise TTVOSError(
                    f"the loss is no longer finite at step {trainer.step}: lower train.learning_rate and resume from "
                    f"{out / CHECKPOINT}, which is left as it was"
                )
            log.write(trainer.step, *values, frames_a_step / (time.perf_counter() - started))
            bar.update()
            bar.set_postfix_str(log.summary())
            if trainer.step % train.checkpoint_every == 0:
                trainer.save(out / CHECKPOINT)
    finally:
        bar.close()
        clips.close()


class _Log:
    """`log.csv`: one line every 20 steps, means over them."""

    COLUMNS = ("step", "loss", "cross_entropy", "transition", "frames_per_second")

    def __init__(self, path: Path, append: bool):
        new = not (append and path.exists())
        self._file = path.open("w" if new else "a", newline="")
        self._writer = csv.writer(self._file)
        self._rows: list[tuple[float, ...]] = []
        if new:
            self._writer.writerow(self.COLUMNS)

    def write(self, step: int, *values: float) -> None:
        self._rows.append(values)
        if step % 20 == 0:
            self._writer.writerow([step, *(f"{mean:.5g}" for mean in np.mean(self._rows[-20:], axis=0))])
            self._file.flush()

    def summary(self) -> str:
        loss, entropy, transition, speed = np.mean(self._rows[-50:], axis=0)
        return f"loss {loss:.4f} (mask {entropy:.4f}, transition {transition:.4f}), {speed:.0f} frames/s"

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()
