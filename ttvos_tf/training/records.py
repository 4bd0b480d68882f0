"""Everything that a run leaves in its folder."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.clip_loss import ClipLoss
from ttvos_tf.training.log import LOG_EVERY, Log
from ttvos_tf.training.tensorboard import Board, draw_clip
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


class RunRecorder:
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

    def __enter__(self) -> "RunRecorder":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()
        if self.writes:
            self._log.close()
