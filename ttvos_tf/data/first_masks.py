"""Masks with the mistakes that trackers make, for a network to learn to leave them behind.

A network that is unrolled over a few frames from an exact mask hardly meets its own late mistakes: a part lost, or
something else caught. Started from a mask with such a mistake, it has to find the target by its template.

Nothing at all for a previous mask is not among them: learning to find a target from nothing, a network sees it where it
is not. Targets that come out from behind something are in the clips (occluder.py).
"""

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.motion import move


def corrupt_mask(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """Draws a mistake: a part lost, something else caught, or the place missed.

    Args:
        rng: the generator.
        mask: uint8 (H, W) of 0 and 1, with a target.

    Returns:
        uint8 (H, W) of 0 and 1.
    """
    mistakes = _part_lost, _more_caught, _place_missed
    return mistakes[rng.choice(len(mistakes), p=(0.4, 0.4, 0.2))](rng, mask)


def _part_lost(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """What lies on one side of a random line is gone: a fifth to four fifths of the target."""
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    return mask * (along > np.quantile(along[mask == TARGET], rng.uniform(0.2, 0.8))).astype(np.uint8)


def _more_caught(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """An ellipse is added, at the target or anywhere, of a tenth of its area up to all of it."""
    rows, columns = np.nonzero(mask)
    at = rng.integers(len(rows))
    x, y = (columns[at], rows[at]) if rng.random() < 0.5 else rng.integers(mask.shape[::-1])
    radius, stretch = np.sqrt(len(rows) / np.pi * rng.uniform(0.1, 1.0)), np.exp(rng.uniform(-0.5, 0.5))
    axes = max(1, round(radius * stretch)), max(1, round(radius / stretch))
    caught = mask.copy()
    cv2.ellipse(caught, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, (1,), -1)
    return caught


def _place_missed(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The target is elsewhere by up to half its size or so, and a little larger or smaller."""
    box = bounding_box(mask)
    center = box.x + box.width / 2, box.y + box.height / 2
    shift = rng.normal(0, 0.2, size=(1, 2)) * (box.width, box.height)
    pose = move(shift, np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.17), center)[0]
    return cv2.warpAffine(mask, pose[:2], mask.shape[::-1], flags=cv2.INTER_NEAREST)


def box_mask(mask: np.ndarray) -> np.ndarray:
    """Replaces a mask's target by its bounding box: uint8 (H, W) -> uint8 (H, W)."""
    rows, columns = np.nonzero((mask == TARGET).any(1))[0], np.nonzero((mask == TARGET).any(0))[0]
    box = np.zeros_like(mask)
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 1
    return box
