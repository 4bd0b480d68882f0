"""What a network is given of a clip: the first mask, the previous one, which it goes on from, and what it remembers.

The first mask may be a box. The previous one may have a mistake as trackers make them, for a network to learn to leave
it behind: a network that is unrolled over a few frames from an exact mask hardly meets its own late mistakes, a part
lost, or something else caught. Started from a mask with such a mistake, it has to find the target by its template.

Nothing at all for a previous mask is not among them: learning to find a target from nothing, a network sees it where it
is not. Targets that come out from behind something are in the clips (occluder.py).
"""

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.motion import move


def first_mask(rng: np.random.Generator, mask: np.ndarray, augmentation: Augmentation) -> np.ndarray:
    """What the network is given of the first frame: its mask, or the target's bounding box; uint8 (H, W) both."""
    return box_mask(mask) if rng.random() < augmentation.box_probability else mask


def previous_mask(rng: np.random.Generator, mask: np.ndarray, augmentation: Augmentation) -> np.ndarray:
    """What the network goes on from: a frame's mask, or that with a mistake; uint8 (H, W) both."""
    if rng.random() >= augmentation.damage_probability:
        return mask
    return corrupt_mask(rng, (mask == TARGET).view(np.uint8), augmentation.damage_shares)


def remembered_frames(rng: np.random.Generator, length: int, augmentation: Augmentation) -> np.ndarray:
    """Which frames a network's memory takes in, if it has one: float32 (T,), 1 or 0.

    A tracker's recent memory is of a frame at any distance, and of the network's own mask.
    """
    choice = rng.choice(len(augmentation.remember_shares), p=augmentation.remember_shares)
    every = (*range(1, len(augmentation.remember_shares)), length)[choice]
    remembered = np.arange(length) % every == 0
    remembered[min(augmentation.known_frames, length) - 1] = rng.random() < augmentation.remember_known_probability
    return remembered.astype(np.float32)


def corrupt_mask(rng: np.random.Generator, mask: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Draws a mistake: a part lost, something else caught, or the place missed.

    Args:
        rng: the generator.
        mask: uint8 (H, W) of 0 and 1, with a target.
        shares: of the three mistakes.

    Returns:
        uint8 (H, W) of 0 and 1.
    """
    mistakes = _part_lost, _more_caught, _place_missed
    return mistakes[rng.choice(len(mistakes), p=shares)](rng, mask)


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
    shift = rng.normal(0, 0.2, size=(1, 2)) * (box.width, box.height)
    pose = move(shift, np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.17), box.center)[0]
    return cv2.warpAffine(mask, pose[:2], mask.shape[::-1], flags=cv2.INTER_NEAREST)


def box_mask(mask: np.ndarray) -> np.ndarray:
    """Replaces a mask's target by its bounding box: uint8 (H, W) -> uint8 (H, W)."""
    window, box = bounding_box(mask == TARGET), np.zeros_like(mask)
    box[window.y : window.y + window.height, window.x : window.x + window.width] = TARGET
    return box
