"""A learner of moments, without a network: what a run does around it is the same."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.training.batches import exact_batch
from tests.training.tiny import TINY
from ttvos_tf.training.folder import CHECKPOINT, run_folder
from ttvos_tf.training.loop import run
from ttvos_tf.training.settings import RunSettings, as_json
from ttvos_tf.weights import OPTIMIZER, RAW, TRAIN, WEIGHTS, Arrays, read_npz, write_npz


class Losses(NamedTuple):
    total: float
    other: float


class Walk:
    """Its one weight walks at random; it is the loss.

    Args:
        settings: the run.
        diverges_at: the step that makes the weight what it is not to be.
        to: what that is.
    """

    loss_names = Losses._fields
    init_takes_checkpoints = True

    def __init__(self, settings: RunSettings = TINY, diverges_at: int = -1, to: float = np.nan):
        self.settings, self.diverges_at, self.to = settings, diverges_at, to
        self.step, self.weight = 0, 1.0

    def train_step(self, batch) -> Losses:
        losses = Losses(self.weight, 2 * self.weight)
        self.step += 1
        self.weight = self.to if self.step == self.diverges_at else np.random.default_rng(self.step).random()
        return losses

    def loss_now(self, batch) -> float:
        return self.weight

    def draw(self, batch) -> None:
        return None

    def checkpoint(self) -> Arrays:
        weight, train = np.array(self.weight), np.array(json.dumps(as_json(self.settings.train)))
        return {WEIGHTS + "w": weight, RAW + "w": weight, OPTIMIZER + "0": np.array(self.step), TRAIN: train}

    def export_weights(self, path: Path) -> None:
        write_npz(path, {WEIGHTS + "w": np.array(self.weight)})

    def restore(self, path: Path) -> Arrays:
        arrays = read_npz(path)
        self.step, self.weight = int(arrays[OPTIMIZER + "0"]), float(arrays[RAW + "w"])
        return arrays


BATCH = exact_batch(np.zeros((1, 2, 32, 32, 3), np.uint8), np.zeros((1, 2, 32, 32), np.uint8))


def stream(steps: int, stopped_after: int | None = None):
    """A batch for each step that is left."""
    for step in range(steps):
        if step == stopped_after:
            raise KeyboardInterrupt
        yield BATCH


def walk(learner: Walk, out: Path, resume: bool = False, stopped_after: int | None = None) -> None:
    """A whole run, as loop.train does it."""
    with run_folder(out, resume):
        resumed = learner.restore(out / CHECKPOINT) if resume else None
        left = learner.settings.train.steps - learner.step
        run(learner, stream(left, stopped_after), Path("."), out, resumed=resumed)
