"""The training loop: clips in, checkpoints, validation and logs out; resume."""

import contextlib
import time
from collections.abc import Generator
from pathlib import Path

from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.loader import Batch, Sources, batches
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.distribution import SINGLE_PROCESS, ProcessGroup, choose_strategy, memory_reported, process_group
from ttvos_tf.training.folder import CHECKPOINT, check_folder, run_folder
from ttvos_tf.training.records import Learner, RunRecorder, diverged
from ttvos_tf.training.settings import RunSettings, TrainSettings
from ttvos_tf.training.soundness import has_diverged
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.weights import Arrays


def open_sources(settings: RunSettings, data_root: Path) -> Sources:
    """The run's sources of clips, with their weights."""
    return {
        f"{index}:{block.kind}": (
            open_source(
                block.kind,
                data_root / block.path,
                block.split,
                block.year,
                settings.train.augmentation,
                block.leave_out_challenge,
            ),
            block.weight,
        )
        for index, block in enumerate(settings.data)
    }


def clips(sources: Sources, settings: TrainSettings, start: int, process: ProcessGroup) -> Generator[Batch, None, None]:
    """The run's batches from step `start` on, their clips growing longer as the settings say."""
    while start < settings.steps:
        until = settings.end_of_length(start)
        yield from clips_of_length(settings.length_at(start), sources, settings, start, until, process)
        start = until


def clips_of_length(
    length: int,
    sources: Sources,
    settings: TrainSettings,
    start: int,
    until: int,
    process: ProcessGroup = SINGLE_PROCESS,
) -> Generator[Batch, None, None]:
    """The run's batches from step `start` to before step `until`, if its clips are of so many frames."""
    stream = batches(
        sources,
        [ClipSpec(length, *size) for size in settings.sizes],
        settings.batch_size,
        seed=settings.seed,
        start=start,
        augmentation=settings.augmentation,
        share=(process.rank, process.count),
    )
    try:
        for _ in range(start, until):
            yield next(stream)
    finally:
        stream.close()


def run(
    learner: Learner,
    stream: Generator[Batch, None, None],
    data_root: Path,
    out: Path,
    process: ProcessGroup = SINGLE_PROCESS,
    resumed: Arrays | None = None,
) -> None:
    """Trains on all batches of a stream, and leaves in a folder what RunRecorder does.

    Raises:
        TTVOSError: bad data, a full disk, or a loss that is no longer finite; the last whole checkpoint stays.
    """
    writes = process.rank == 0
    with contextlib.closing(stream), RunRecorder(learner, data_root, out, writes, resumed) as records:
        batch = None
        started = time.perf_counter()
        for batch in stream:
            losses = learner.train_step(batch)
            if any(has_diverged(float(value)) for value in losses):
                raise diverged(learner, out)
            frames = batch.frames.shape[0] * batch.frames.shape[1] * process.count
            records.add(losses, frames / (time.perf_counter() - started), batch)
            started = time.perf_counter()  # what the step waits for its batch counts, what records take does not
        records.finish(batch)


@memory_reported()
def train(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> Trainer:
    """Trains to the end of the settings' steps.

    Args:
        settings: the run.
        data_root: what the settings' paths are relative to.
        out: folder for `checkpoint.npz`, `weights.npz` (averaged, for conversion), `log.csv` and `tensorboard/`; with
            validation also `best.npz` and `validation.csv`.
        resume: continue from `out`'s checkpoint, exactly.

    Raises:
        TTVOSError: bad data or checkpoint, a folder of another run, a full disk, or a loss that is no longer finite;
            the last whole checkpoint stays.
    """
    check_folder(out, resume, settings.weights_read(data_root))
    if settings.teacher_weights:
        raise TTVOSError("teacher_weights is for training/teach.py; training starts from `init`")
    strategy = choose_strategy()  # first: tf.distribute wants to start before anything else computes
    process = process_group(strategy)
    if settings.train.batch_size % process.count:
        raise TTVOSError(
            f"train.batch_size: {settings.train.batch_size} clips cannot be shared evenly by {process.count} processes"
        )
    sources = open_sources(settings, data_root)
    trainer = Trainer(settings, data_root, strategy)
    with run_folder(out, resume, writes=process.rank == 0):
        resumed = trainer.restore(out / CHECKPOINT) if resume else None
        run(trainer, clips(sources, settings.train, trainer.step, process), data_root, out, process, resumed)
    return trainer
