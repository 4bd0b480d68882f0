"""TensorBoard: losses as curves, and pictures of what the network sees (Fig. 3 and 4 of the paper)."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.compat import tf
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.loader import Batch
from ttvos_tf.network.heatmap import foreground_probability, pool_mask
from ttvos_tf.network.ttvos import TTVOS
from ttvos_tf.training.clip_loss import unroll
from ttvos_tf.training.pictures import signed


class Board:
    """Writes event files.

    Args:
        folder: `tensorboard --logdir` takes it.
    """

    def __init__(self, folder: Path):
        self._writer = tf.summary.create_file_writer(str(folder))

    def losses(self, step: int, losses: Mapping[str, tf.Tensor]) -> None:
        """Adds a point to the curves of the losses."""
        with self._writer.as_default(step):
            for name, value in losses.items():
                tf.summary.scalar(f"loss/{name}", value)

    def score(self, step: int, value: float) -> None:
        """Adds a point to the curve of J&F on the validation sequences."""
        with self._writer.as_default(step):
            tf.summary.scalar("validation/J&F", value)

    def clip(self, step: int, picture: np.ndarray) -> None:
        """Adds what draw_clip has drawn."""
        with self._writer.as_default(step):
            tf.summary.image("clip", picture[None])
            self._writer.flush()


def draw_clip(model: TTVOS, batch: Batch, known_frames: int = 1) -> np.ndarray:
    """Draws the first clip of a batch, a column for each frame but the known ones.

    Rows: the labelled target in the frame; the predicted one; the labelled transition H_t - H_hat_{t-1}, red where the
    target comes and blue where it goes (Fig. 4); the estimated one, pi_hat; the similarity features' norm (Fig. 3).

    Args:
        model: the network.
        batch: clips.
        known_frames: see clip_loss.unroll.

    Returns:
        uint8 RGB (5 * H/2, (T - known_frames) * W/2, 3).
    """
    batch = Batch(*(part[:1] for part in batch))
    frames, masks = batch.frames, batch.masks
    size = frames.shape[3] // 2, frames.shape[2] // 2

    def picture(image: np.ndarray) -> np.ndarray:
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)

    def cells(image: np.ndarray) -> np.ndarray:
        return cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)

    columns = []
    for t, logit, similarity, previous in unroll(model, batch, known_frames):
        target = (masks[:, t] == TARGET).astype(np.float32)[..., None]
        transition = (pool_mask(target) - previous).numpy()[0, ..., 1]
        estimated = model.transition_head(similarity).numpy()[0, ..., 1]
        strength = np.linalg.norm(similarity.numpy()[0], axis=-1)
        rows = [
            picture(_tinted(frames[0, t], target[0, ..., 0], void=masks[0, t] == VOID)),
            picture(_tinted(frames[0, t], foreground_probability(logit).numpy()[0, ..., 0])),
            cells(signed(transition)),
            cells(signed(estimated)),
            cells(cv2.applyColorMap(_stretched(strength), cv2.COLORMAP_VIRIDIS)[..., ::-1]),
        ]
        columns.append(np.vstack(rows))
    return np.hstack(columns)


def _tinted(frame: np.ndarray, probability: np.ndarray, void: np.ndarray | bool = False) -> np.ndarray:
    """The frame, red where the target is and grey where nothing is labelled."""
    weight = 0.6 * probability[..., None]
    tinted = (1 - weight) * frame + weight * (255, 32, 32)
    return np.where(np.asarray(void)[..., None], 128, tinted).astype(np.uint8)


def _stretched(values: np.ndarray) -> np.ndarray:
    return cv2.normalize(values, values, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
