"""The training loop: clips in, checkpoints, validation and logs out; resume."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.damage import damaged
from ttvos_tf.data.loader import Batch, Sources, batches
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.board import Board
from ttvos_tf.training.clip_loss import ClipLoss
from ttvos_tf.training.distribution import Workers, choose_strategy, workers
from ttvos_tf.training.log import LOG_EVERY, Log
from ttvos_tf.training.settings import RunSettings, TrainSettings
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.training.validation import Validation

CHECKPOINT = "checkpoint.npz"
RELEASE = "weights.npz"
BEST = "best.npz"
LOG = "log.csv"
VALIDATION = "validation.csv"
BOARD = "tensorboard"
COLUMNS = (*ClipLoss._fields, "frames_per_second")


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


def previous_masks(first: np.ndarray, settings: TrainSettings, step: int) -> np.ndarray:
    """What the first steps take for the previous masks, some of them damaged: (B, H, W) -> (B, H, W)."""
    rng = np.random.default_rng([settings.seed, step, 2])
    hit = rng.random(len(first)) < settings.damage_probability
    return np.stack(
        [damaged(rng, (mask == 1).view(np.uint8)) if h else mask for mask, h in zip(first, hit, strict=True)]
    )


def open_sources(settings: RunSettings, data_root: Path) -> Sources:
    """The run's sources of clips, with their weights."""
    return {
        f"{index}:{block.kind}": (
            open_source(block.kind, data_root / block.path, block.split, block.year, settings.train.paste_probability),
            block.weight,
        )
        for index, block in enumerate(settings.data)
    }


def clips(sources: Sources, settings: TrainSettings, start: int, process: Workers) -> Iterator[Batch]:
    """The run's batches from step `start` on, their clips growing longer as the settings say."""
    while start < settings.steps:
        length, until = settings.length_at(start), settings.end_of_length(start)
        spec = ClipSpec(length, settings.height, settings.width)
        share = process.rank, process.count
        stream = batches(sources, spec, settings.batch_size, seed=settings.seed, start=start, share=share)
        try:
            for _ in range(start, until):
                yield next(stream)
        finally:
            stream.close()
        start = until


def train(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> Trainer:
    """Trains to the end of the settings' steps.

    Args:
        settings: the run.
        data_root: what the settings' paths are relative to.
        out: folder for `checkpoint.npz`, `weights.npz` (averaged, for conversion), `log.csv` and `tensorboard/`; with
            validation also `best.npz` and `validation.csv`.
        resume: continue from `out`'s checkpoint, exactly.

    Raises:
        TTVOSError: bad data or checkpoint, or a loss that is no longer finite; the last whole checkpoint stays.
    """
    if resume and not out.is_dir():
        raise TTVOSError(f"{out}: no run to resume; --out must be the folder of an earlier one")
    strategy = choose_strategy()  # first: tf.distribute wants to start before anything else computes
    process = workers(strategy)
    sources = open_sources(settings, data_root)
    trainer = Trainer(settings, data_root, strategy)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TTVOSError(f"{out}: cannot be written ({error.strerror})") from error
    if resume:
        trainer.restore(out / CHECKPOINT)
    stream = clips(sources, settings.train, trainer.step, process)
    with _Records(trainer, data_root, out, resume, writes=process.rank == 0) as records:
        for frames, masks in stream:
            started = time.perf_counter()
            given = first_masks(masks, settings.train, trainer.step)
            loss = trainer.train_step(frames, masks, given, previous_masks(given, settings.train, trainer.step))
            if not np.isfinite([float(value) for value in loss]).all():
                raise TTVOSError(
                    f"the loss is no longer finite at step {trainer.step}: lower train.learning_rate and resume from "
                    f"{out / CHECKPOINT}, which is left as it was"
                )
            seconds = time.perf_counter() - started
            records.add(loss, frames.shape[0] * frames.shape[1] * process.count / seconds, (frames, masks, given))
        records.finish()
    return trainer


class _Records:
    """Everything that a run leaves in its folder.

    Args:
        trainer: the run.
        data_root: for the validation's data.
        out: the folder.
        append: the run is resumed: its CSV files go on.
        writes: whether this process is the one that writes.
    """

    def __init__(self, trainer: Trainer, data_root: Path, out: Path, append: bool, writes: bool):
        self.trainer, self.out, self.writes = trainer, out, writes
        train = trainer.settings.train
        self._bar = tqdm(
            total=train.steps,
            initial=trainer.step,
            unit="step",
            smoothing=0.05,
            disable=None if writes else True,
        )
        if writes:
            self._log = Log(out / LOG, COLUMNS, append)
            self._board = Board(out / BOARD)
            validation = trainer.settings.validation
            self._validation = Validation(validation, data_root, out / VALIDATION, append) if validation else None

    def add(self, loss: ClipLoss, speed: float, batch: tuple[np.ndarray, ...]) -> None:
        """After a step: its loss, its speed in frames a second, and what it was trained on."""
        if not self.writes:
            return
        step, train = self.trainer.step, self.trainer.settings.train
        self._log.write(step, *(float(value) for value in loss), speed)
        self._bar.update()
        self._bar.set_postfix_str(self._log.summary())
        if step % LOG_EVERY == 0:
            self._board.losses(step, loss)
        if step % train.checkpoint_every == 0:
            self.trainer.save(self.out / CHECKPOINT)
            self._board.clip(step, self.trainer.model, *batch)
        if self._validation and self._validation.due(step, train.steps):
            self.trainer.release(self.out / RELEASE)
            score, is_best = self._validation(step, self.out / RELEASE)
            self._board.score(step, score)
            if is_best:
                self.trainer.release(self.out / BEST)

    def finish(self) -> None:
        """After the last step."""
        if self.writes:
            self.trainer.save(self.out / CHECKPOINT)
            self.trainer.release(self.out / RELEASE)

    def __enter__(self) -> "_Records":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()
        if self.writes:
            self._log.close()
