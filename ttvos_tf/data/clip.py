"""What every data source hands out: a short clip of frames with the mask of one target object."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ttvos_tf.contract import TARGET


@dataclass(frozen=True)
class ClipSpec:
    """The clip that training asks for.

    Attributes:
        length: number of frames.
        height: rows of a frame, in pixels.
        width: columns of a frame, in pixels.
    """

    length: int
    height: int
    width: int


@dataclass(frozen=True)
class Clip:
    """Frames and the mask of one object, which the first frame contains.

    Attributes:
        frames: uint8 (T, H, W, 3), RGB.
        masks: uint8 (T, H, W): 1 the target, 0 everything else, 255 void (left out of the loss).
    """

    frames: np.ndarray
    masks: np.ndarray


class ClipSource(Protocol):
    """Anything that makes clips. It is sent to worker processes, so it must be picklable."""

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a random clip; the same generator state gives the same clip."""
        ...


def shows_target(mask: np.ndarray) -> bool:
    """Whether a first mask (H, W) is worth tracking: from a thousandth (104 pixels of 240x432) to 90 % of the frame."""
    share = np.count_nonzero(mask == TARGET) / mask.size
    return bool(0.001 <= share <= 0.9)


def is_trackable(mask: np.ndarray, alone: np.ndarray) -> bool:
    """Whether a first mask (H, W) is worth tracking and shows over 40 % of its target with nothing before it (H, W)."""
    return shows_target(mask) and bool(np.count_nonzero(mask == TARGET) > 0.4 * np.count_nonzero(alone))
