"""Everything that a run leaves in its folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from tqdm import tqdm

from ttvos_tf.data.loader import Batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.training.log import LOG_EVERY, Log
from ttvos_tf.training.settings import RunSettings
from ttvos_tf.training.tensorboard import Board
from ttvos_tf.training.validation import Validation
from ttvos_tf.weights import Arrays, write_npz

CHECKPOINT = "checkpoint.npz"
RELEASE = "weights.npz"
BEST = "best.npz"
LOG = "log.csv"
VALIDATION = "validation.csv"
BOARD = "tensorboard"


class Learner(Protocol):
    """What a run trains: a network, or a backbone that is taught.

    Attributes:
        settings: the run.
        loss_names: of what a step returns.
    """

    settings: RunSettings
    loss_names: tuple[str, ...]

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        ...

    def train_step(self, batch: Batch) -> NamedTuple:
        """One optimiser step; the losses, scalars."""
        ...

    def draw(self, batch: Batch) -> np.ndarray | None:
        """A picture, uint8 RGB (H, W, 3), of what is made of a batch; None: there is none."""
        ...

    def checkpoint(self) -> Arrays:
        """All that an exact resume needs."""
        ...

    def export_weights(self, path: Path) -> None:
        """Writes the network's weights alone."""
        ...


def check_folder(out: Path, resume: bool, read: Iterable[Path] = ()) -> None:
    """Refuses a folder without a run to resume, and one whose run, or what is read, a new one would overwrite.

    Args:
        out: the folder.
        resume: whether a run in it goes on.
        read: weights that a new run starts from.

    Raises:
        TTVOSError: saying so.
    """
    if resume and not out.is_dir():
        raise TTVOSError(f"{out}: no run to resume; --out must be the folder of an earlier one")
    if not resume and (out / CHECKPOINT).exists():
        raise TTVOSError(f"{out}: holds an earlier run: continue it with --resume, delete it, or choose another --out")
    if not resume:
        files = (CHECKPOINT, RELEASE, BEST, LOG, VALIDATION)
        check_outputs(read, {f"--out, for {name}:": out / name for name in files})


def make_folder(out: Path) -> None:
    """Makes the folder of a run.

    Raises:
        TTVOSError: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TTVOSError(f"{out}: cannot be written ({error.strerror})") from error


class RunRecorder:
    """Everything that a run leaves in its folder.

    Args:
        learner: what is trained.
        data_root: for the validation's data.
        out: the folder.
        writes: whether this process is the one that writes.
    """

    def __init__(self, learner: Learner, data_root: Path, out: Path, writes: bool):
        self.learner, self.out, self.writes = learner, out, writes
        train = learner.settings.train
        self._bar = tqdm(
            total=train.steps,
            initial=learner.step,
            unit="step",
            smoothing=0.05,
            disable=None if writes else True,
        )
        if writes:
            self._log = Log(out / LOG, (*learner.loss_names, "frames_per_second"), learner.step)
            self._board = Board(out / BOARD)
            validation = learner.settings.validation
            self._validation = Validation(validation, data_root, out / VALIDATION, learner.step) if validation else None

    def add(self, losses: NamedTuple, speed: float, batch: Batch) -> None:
        """After a step: its losses, its speed in frames a second, and what it was trained on."""
        step, train = self.learner.step, self.learner.settings.train
        if self.writes:
            self._write_progress(step, losses, speed)
        # After the validation: a run that is killed during it does it again.
        if step % train.checkpoint_every == 0:
            picture = self.learner.draw(batch)
            checkpoint = self.learner.checkpoint()
            if self.writes:
                write_npz(self.out / CHECKPOINT, checkpoint)
                if picture is not None:
                    self._board.clip(step, picture)

    def _write_progress(self, step: int, losses: NamedTuple, speed: float) -> None:
        self._log.write(step, *(float(value) for value in losses), speed)
        self._bar.update()
        self._bar.set_postfix_str(self._log.summary())
        if step % LOG_EVERY == 0:
            self._board.losses(step, losses)
        if self._validation and self._validation.due(step, self.learner.settings.train.steps):
            self.learner.export_weights(self.out / RELEASE)
            score, is_best = self._validation(step, self.out / RELEASE)
            self._board.score(step, score)
            if is_best:
                self.learner.export_weights(self.out / BEST)

    def finish(self) -> None:
        """After the last step."""
        checkpoint = self.learner.checkpoint()
        if self.writes:
            write_npz(self.out / CHECKPOINT, checkpoint)
            self.learner.export_weights(self.out / RELEASE)

    def __enter__(self) -> "RunRecorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self.writes:
            self._log.close()
