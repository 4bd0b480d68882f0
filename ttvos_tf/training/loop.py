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
from ttvos_tf.training.board import Board, draw_clip
from ttvos_tf.training.clip_loss import ClipLoss
from ttvos_tf.training.distribution import ALONE, Workers, choose_strategy, workers
from ttvos_tf.training.log import LOG_EVERY, Log
from ttvos_tf.training.settings import RunSettings, TrainSettings
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.training.validation import Validation
from ttvos_tf.weights import write_npz

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


def first_masks(masks: np.ndarray, settings: TrainSettings, step: int, process: Workers = ALONE) -> np.ndarray:
    """The first frames' masks as given to the network, some box-shaped: (B, T, H, W) -> (B, H, W).

    Args:
        masks: of this process's share of the batch: a clip is treated alike however the batch is shared.
        settings: how many, and the seed.
        step: of the run.
        process: which share.
    """
    rng = np.random.default_rng([settings.seed, step, 1])
    boxed = process.share(rng.random(len(masks) * process.count)) < settings.box_probability
    return np.stack([box_shaped(mask[0]) if box else mask[0] for mask, box in zip(masks, boxed, strict=True)])


def previous_masks(first: np.ndarray, settings: TrainSettings, step: int, process: Workers = ALONE) -> np.ndarray:
    """What the first steps take for the previous masks, some damaged: (B, H, W) -> (B, H, W); see first_masks."""
    generators = np.random.default_rng([settings.seed, step, 2]).spawn(len(first) * process.count)
    return np.stack(
        [
            damaged(rng, (mask == 1).view(np.uint8)) if rng.random() < settings.damage_probability else mask
            for mask, rng in zip(first, process.share(generators), strict=True)
        ]
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


def check_folder(out: Path, resume: bool) -> None:
    """Refuses a folder without a run to resume, and one whose run a new one would overwrite.

    Raises:
        TTVOSError: saying so.
    """
    if resume and not out.is_dir():
        raise TTVOSError(f"{out}: no run to resume; --out must be the folder of an earlier one")
    if not resume and (out / CHECKPOINT).exists():
        raise TTVOSError(f"{out}: holds an earlier run: continue it with --resume, delete it, or choose another --out")


def make_folder(out: Path) -> None:
    """Makes the folder of a run.

    Raises:
        TTVOSError: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TTVOSError(f"{out}: cannot be written ({error.strerror})") from error


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
    check_folder(out, resume)
    if settings.teacher_weights:
        raise TTVOSError("teacher_weights is for training/teach.py; training starts from `init`")
    strategy = choose_strategy()  # first: tf.distribute wants to start before anything else computes
    process = workers(strategy)
    if settings.train.batch_size % process.count:
        raise TTVOSError(
            f"train.batch_size: {settings.train.batch_size} clips cannot be shared evenly by {process.count} processes"
        )
    sources = open_sources(settings, data_root)
    trainer = Trainer(settings, data_root, strategy)
    make_folder(out)
    if resume:
        trainer.restore(out / CHECKPOINT)
    stream = clips(sources, settings.train, trainer.step, process)
    with _Records(trainer, data_root, out, writes=process.rank == 0) as records:
        started = time.perf_counter()
        for frames, masks in stream:
            given = first_masks(masks, settings.train, trainer.step, process)
            previous = previous_masks(given, settings.train, trainer.step, process)
            loss = trainer.train_step(frames, masks, given, previous)
            if not np.isfinite([float(value) for value in loss]).all():
                raise TTVOSError(
                    f"the loss is no longer finite at step {trainer.step}: lower train.learning_rate and resume from "
                    f"{out / CHECKPOINT}, which is left as it was"
                )
            seconds = time.perf_counter() - started
            records.add(loss, frames.shape[0] * frames.shape[1] * process.count / seconds, (frames, masks, given))
            started = time.perf_counter()  # what the step waits for its batch counts, what records take does not
        records.finish()
    return trainer


class _Records:
    """Everything that a run leaves in its folder.

    Args:
        trainer: the run.
        data_root: for the validation's data.
        out: the folder.
        writes: whether this process is the one that writes.
    """

    def __init__(self, trainer: Trainer, data_root: Path, out: Path, writes: bool):
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
            self._log = Log(out / LOG, COLUMNS, trainer.step)
            self._board = Board(out / BOARD)
            validation = trainer.settings.validation
            self._validation = Validation(validation, data_root, out / VALIDATION, trainer.step) if validation else None

    def add(self, loss: ClipLoss, speed: float, batch: tuple[np.ndarray, ...]) -> None:
        """After a step: its loss, its speed in frames a second, and what it was trained on."""
        step, train = self.trainer.step, self.trainer.settings.train
        if self.writes:
            self._write_progress(step, loss, speed)
        # After the validation: a run that is killed during it does it again.
        if step % train.checkpoint_every == 0:
            picture = draw_clip(self.trainer.model, *(part[:1] for part in batch))
            checkpoint = self.trainer.checkpoint()
            if self.writes:
                write_npz(self.out / CHECKPOINT, checkpoint)
                self._board.clip(step, picture)

    def _write_progress(self, step: int, loss: ClipLoss, speed: float) -> None:
        self._log.write(step, *(float(value) for value in loss), speed)
        self._bar.update()
        self._bar.set_postfix_str(self._log.summary())
        if step % LOG_EVERY == 0:
            self._board.losses(step, loss)
        if self._validation and self._validation.due(step, self.trainer.settings.train.steps):
            self.trainer.release(self.out / RELEASE)
            score, is_best = self._validation(step, self.out / RELEASE)
            self._board.score(step, score)
            if is_best:
                self.trainer.release(self.out / BEST)

    def finish(self) -> None:
        """After the last step."""
        checkpoint = self.trainer.checkpoint()
        if self.writes:
            write_npz(self.out / CHECKPOINT, checkpoint)
            self.trainer.release(self.out / RELEASE)

    def __enter__(self) -> "_Records":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()
        if self.writes:
            self._log.close()
