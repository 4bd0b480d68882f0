"""The training loop: clips in, checkpoints, validation and logs out; resume."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.first_masks import box_mask, corrupt_mask
from ttvos_tf.data.loader import Batch, Sources, batches
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.distribution import SINGLE_PROCESS, ProcessGroup, choose_strategy, workers
from ttvos_tf.training.records import CHECKPOINT, RunRecorder, check_folder, make_folder
from ttvos_tf.training.settings import RunSettings, TrainSettings
from ttvos_tf.training.trainer import Trainer


def first_masks(
    masks: np.ndarray, settings: TrainSettings, step: int, process: ProcessGroup = SINGLE_PROCESS
) -> np.ndarray:
    """The first frames' masks as given to the network, some box-shaped: (B, T, H, W) -> (B, H, W).

    Args:
        masks: of this process's share of the batch: a clip is treated alike however the batch is shared.
        settings: how many, and the seed.
        step: of the run.
        process: which share.
    """
    rng = np.random.default_rng([settings.seed, step, 1])
    boxed = process.share(rng.random(len(masks) * process.count)) < settings.box_probability
    return np.stack([box_mask(mask[0]) if box else mask[0] for mask, box in zip(masks, boxed, strict=True)])


def previous_masks(
    first: np.ndarray, settings: TrainSettings, step: int, process: ProcessGroup = SINGLE_PROCESS
) -> np.ndarray:
    """What the first steps take for the previous masks, some damaged: (B, H, W) -> (B, H, W); see first_masks."""
    generators = np.random.default_rng([settings.seed, step, 2]).spawn(len(first) * process.count)
    return np.stack(
        [
            corrupt_mask(rng, (mask == TARGET).view(np.uint8)) if rng.random() < settings.damage_probability else mask
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


def clips(sources: Sources, settings: TrainSettings, start: int, process: ProcessGroup) -> Iterator[Batch]:
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
    with RunRecorder(trainer, data_root, out, writes=process.rank == 0) as records:
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
