"""Sizes of pictures: (height, width) in pixels, and how people write them."""

import numpy as np

from ttvos_tf.errors import TTVOSError

Size = tuple[int, int]
"""(height, width) in pixels."""

MOST_PIXELS = 1 << 26  # of a picture: 8192x8192


def size_of(image: np.ndarray) -> Size:
    """(height, width) of an image or mask, in pixels."""
    return image.shape[0], image.shape[1]


def format_size(size: Size) -> str:
    """As people write the size of a picture: width x height, "854x480"."""
    return f"{size[1]}x{size[0]}"


def parse_size(text: str, name: str = "--size") -> Size:
    """Reads a model's size, "480x864": height x width.

    Args:
        text: the size.
        name: what the error calls it.

    Raises:
        TTVOSError: not of that form, or out of range.
    """
    try:
        height, width = (int(side) for side in text.split("x"))
    except ValueError:
        raise TTVOSError(f"{name}: expected HEIGHTxWIDTH, 480x864 for instance, not {text!r}") from None
    if min(height, width) < 32 or max(height, width) > 8192:
        raise TTVOSError(f"{name}: height and width must be from 32 to 8192, not {text}")
    return height, width


def check_frame(frame: object) -> None:
    """Raises a TTVOSError if a value is no frame."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise TTVOSError(f"a frame must be a uint8 array (height, width, 3), RGB, not {_described(frame)}")


def check_labels(labels: object) -> None:
    """Raises a TTVOSError if a value is no mask as a tracker gives it."""
    if not isinstance(labels, np.ndarray) or labels.dtype != np.uint8 or labels.ndim != 2 or not labels.size:
        raise TTVOSError(f"labels must be a uint8 array (height, width) of ids, not {_described(labels)}")


def _described(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
