"""Everything that a run leaves in its folder."""

from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from ttvos_tf.compat import tf
from ttvos_tf.data.loader import Batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.folder import BEST, BOARD, CHECKPOINT, LOG, RELEASE, VALIDATION
from ttvos_tf.training.log import LOG_EVERY, Log
from ttvos_tf.training.settings import RunSettings
from ttvos_tf.training.soundness import has_diverged
from ttvos_tf.training.tensorboard import Board
from ttvos_tf.training.validation import Validation
from ttvos_tf.weights import Arrays, write_npz

LATEST = "log"  # in a checkpoint: the losses that the log's next line needs


class Learner(Protocol):
    """What a run trains: a network, or a backbone that is taught.

    Attributes:
        settings: the run.
        loss_names: of what a step returns.
        init_takes_checkpoints: whether the `init` of a new run of these settings may be this run's checkpoint.
    """

    settings: RunSettings
    loss_names: tuple[str, ...]

    @property
    def init_takes_checkpoints(self) -> bool: ...

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        ...

    def train_step(self, batch: Batch) -> tuple[tf.Tensor, ...]:
        """One optimiser step; the losses, scalars."""
        ...

    def loss_now(self, batch: Batch) -> float:
        """The loss of the network as it is after the step, on the same batch; it stays as it is."""
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


def diverged(learner: Learner, out: Path) -> TTVOSError:
    """The error of a run whose loss is no longer finite, or about to be, with what can be done."""
    advice = "lower train.learning_rate and start anew in another --out"
    if learner.init_takes_checkpoints and (out / CHECKPOINT).exists():
        advice += f'; init = "{out / CHECKPOINT}" begins with the last network that was sound'
    return TTVOSError(f"the loss is no longer finite at step {learner.step}: {advice}")


class RunRecorder:
    """Everything that a run leaves in its folder.

    The first checkpoint is written before the first step: whenever a run is stopped, it can be resumed.

    Args:
        learner: what is trained.
        data_root: for the validation's data.
        out: the folder.
        writes: whether this process is the one that writes.
        resumed: the checkpoint that the run goes on from; None for a new one.

    Raises:
        TTVOSError: here and later: a file cannot be written, or cannot be read by a run that is resumed.
    """

    def __init__(self, learner: Learner, data_root: Path, out: Path, writes: bool, resumed: Arrays | None = None):
        self.learner, self.out, self.writes = learner, out, writes
        train, validation = learner.settings.train, learner.settings.validation
        if writes:
            latest = _latest(resumed or {}, len(learner.loss_names), out / CHECKPOINT)
        if resumed is None:
            self._save(learner.checkpoint())
        if writes:
            self._log = Log(out / LOG, learner.loss_names, learner.step, latest)
            self._board = Board(out / BOARD)
            self._validation = Validation(validation, data_root, out / VALIDATION, learner.step) if validation else None
        self._bar = tqdm(
            total=train.steps,
            initial=learner.step,
            unit="step",
            smoothing=0.05,
            disable=None if writes else True,
        )

    def add(self, losses: tuple[tf.Tensor, ...], speed: float, batch: Batch) -> None:
        """After a step: its losses, its speed in frames a second, and what it was trained on.

        Raises:
            TTVOSError: the network, which was to be written, has diverged.
        """
        step, settings = self.learner.step, self.learner.settings
        validates = settings.validation is not None and settings.validation.due(step, settings.train.steps)
        saves = step % settings.train.checkpoint_every == 0
        checkpoint = self._sound_checkpoint(batch) if saves or validates else {}
        if self.writes:
            self._write_progress(step, losses, speed)
            if validates:
                self._validate(step)
        # After the validation: a run that is killed during it does it again.
        if saves:
            picture = self.learner.draw(batch)
            self._save(checkpoint)
            if self.writes and picture is not None:
                self._board.clip(step, picture)

    def _sound_checkpoint(self, batch: Batch | None) -> Arrays:
        """A checkpoint, of a network that has not diverged: a step's loss is that of the weights before it."""
        checkpoint = self.learner.checkpoint()
        finite = all(np.isfinite(array).all() for array in checkpoint.values() if array.dtype.kind == "f")
        if not finite or (batch is not None and has_diverged(self.learner.loss_now(batch))):
            raise diverged(self.learner, self.out)
        return checkpoint

    def _save(self, checkpoint: Arrays) -> None:
        if self.writes:
            latest = self._log.latest if self.learner.step else np.empty((0, len(self.learner.loss_names)))
            write_npz(self.out / CHECKPOINT, checkpoint | {LATEST: latest})

    def _write_progress(self, step: int, losses: tuple[tf.Tensor, ...], speed: float) -> None:
        self._log.write(step, tuple(float(value) for value in losses), speed)
        self._bar.update()
        self._bar.set_postfix_str(self._log.summary())
        if step % LOG_EVERY == 0:
            self._board.losses(step, dict(zip(self.learner.loss_names, losses, strict=True)))

    def _validate(self, step: int) -> None:
        assert self._validation is not None
        self.learner.export_weights(self.out / RELEASE)
        score, is_best = self._validation(step, self.out / RELEASE)
        self._board.score(step, score)
        if is_best:
            self.learner.export_weights(self.out / BEST)

    def finish(self, batch: Batch | None) -> None:
        """After the last step, on a batch; None if the run had ended before.

        Raises:
            TTVOSError: the network has diverged.
        """
        self._save(self._sound_checkpoint(batch))
        if self.writes:
            self.learner.export_weights(self.out / RELEASE)

    def __enter__(self) -> "RunRecorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _latest(resumed: Arrays, losses: int, path: Path) -> np.ndarray:
    """What a checkpoint holds for the log: float64 (n, losses); nothing, if it is of an older version."""
    latest = resumed.get(LATEST, np.empty((0, losses)))
    if latest.ndim != 2 or latest.shape[1] != losses or len(latest) > LOG_EVERY:
        raise TTVOSError(
            f"{path}: {LATEST!r} has shape {latest.shape}, not that of the losses of up to {LOG_EVERY} steps"
        )
    return latest
