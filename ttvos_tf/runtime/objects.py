"""Objects that are given in a frame: out of a mask, or out of boxes.

0 is the background, 1 to 254 are objects, 255 is void (unknown: no object). One exception: a mask whose only value
beside 0 is 255 is a black-and-white drawing, as DAVIS-2016 has them, and its white is object 1.
"""

import numbers
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttvos_tf.contract import VOID
from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import is_whole, shown
from ttvos_tf.media.sizes import Size, format_size

# Every object costs a pass of the network's head and a soft map per frame, so a phone is far from real time well before
# this; and a mask with more values is nearly always a wrong file: a photograph, or a mask saved as JPEG.
MAX_OBJECTS = 20
FARTHEST = 10**6  # pixels, of a box

Box = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels."""


@dataclass(frozen=True)
class Given:
    """What is given of an object in a frame.

    Attributes:
        covered: bool (H, W): its pixels, or all pixels of a box around it.
        is_box: whether it is a box, in which the network looks for the object.
    """

    covered: np.ndarray
    is_box: bool = False


def objects_in_mask(mask: np.ndarray, size: Size, what: str = "the mask", white: int = 1) -> dict[int, np.ndarray]:
    """Splits a mask into its objects.

    Args:
        mask: uint8 (H, W) ids, see this module's docstring.
        size: (height, width) of the frame that it belongs to.
        what: what an error message calls the mask.
        white: id of the white of a black-and-white drawing.

    Returns:
        id -> bool (H, W), ids ascending; at least one.

    Raises:
        TTVOSError: another type or size, no object, or more than MAX_OBJECTS.
    """
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or mask.dtype.kind not in "bui":
        got = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise TTVOSError(f"{what}: must be a (height, width) array of object ids, not {got}")
    if mask.shape != tuple(size):
        raise TTVOSError(f"{what}: is {mask.shape[1]}x{mask.shape[0]}, but its frame is {format_size(size)}")
    if mask.min() < 0 or mask.max() > VOID:
        raise TTVOSError(f"{what}: object ids go from 1 to {VOID - 1}, not {mask.min()} to {mask.max()}")
    values = np.flatnonzero(np.bincount(mask.astype(np.uint8).ravel())).tolist()
    ids = [value for value in values if value not in (0, VOID)]
    if not ids and VOID in values:
        return {white: mask == VOID}
    if not ids:
        raise TTVOSError(f"{what}: holds no object: every pixel is 0")
    check_count(len(ids), what)
    return {value: mask == value for value in ids}


def objects_in_boxes(
    boxes: Sequence[Box] | Mapping[int, Box], size: Size, taken: Collection[int] = ()
) -> dict[int, np.ndarray]:
    """Filled boxes as masks, clipped to the frame; the boxes may overlap.

    Args:
        boxes: id -> box; or one box an object, whose ids are the lowest that are free: 1, 2, ...
        size: (height, width) of the frame.
        taken: ids that are not free.

    Returns:
        id -> bool (H, W).

    Raises:
        TTVOSError: a box without area or outside the frame, an id that no object can have, no box, or more than
            MAX_OBJECTS.
    """
    if isinstance(boxes, str | bytes) or not isinstance(boxes, Mapping | Sequence | np.ndarray):
        raise TTVOSError(f"boxes: must be a list of (x, y, width, height), or a dict of them, not {shown(boxes)}")
    if isinstance(boxes, np.ndarray):
        boxes = np.atleast_1d(boxes).tolist()
    if not len(boxes):
        raise TTVOSError("boxes: holds no object: give at least one box")
    check_count(len(boxes), "boxes")
    if not isinstance(boxes, Mapping):
        free = (value for value in range(1, VOID) if value not in taken)
        boxes = dict(zip(free, boxes, strict=False))
    return {check_id(object_id): _filled(box, size) for object_id, box in boxes.items()}


def check_id(object_id: int) -> int:
    """The id; raises a TTVOSError if no object can have it."""
    if not is_whole(object_id) or not 0 < object_id < VOID:
        raise TTVOSError(f"object {shown(object_id)}: object ids go from 1 to {VOID - 1}")
    return int(object_id)


def _filled(box: Box, size: Size) -> np.ndarray:
    x, y, width, height = _numbers(box)
    text = ",".join(f"{value:g}" for value in (x, y, width, height))
    if not (width > 0 and height > 0):
        raise TTVOSError(f"box {text}: has no area: width and height must be above 0")
    left, top = max(round(x), 0), max(round(y), 0)
    right, bottom = min(round(x + width), size[1]), min(round(y + height), size[0])
    if left >= right or top >= bottom:
        raise TTVOSError(f"box {text}: covers no pixel of the {format_size(size)} frame")
    covered = np.zeros(size, bool)
    covered[top:bottom, left:right] = True
    return covered


def _numbers(box: Any) -> Box:
    """A box's four numbers, of a list, a tuple or an array."""
    values: Any = box.tolist() if isinstance(box, np.ndarray) else box
    if isinstance(values, str | bytes) or not isinstance(values, Sequence) or len(values) != 4:
        raise TTVOSError(f"box {shown(box)}: must be four numbers: x, y, width, height")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TTVOSError(f"box {shown(box)}: must be four numbers: x, y, width, height")
        if not -FARTHEST <= value <= FARTHEST:  # type: ignore[operator]
            raise TTVOSError(f"box {shown(box)}: must be four finite numbers, in pixels")
    x, y, width, height = map(float, values)
    return x, y, width, height


def check_count(count: int, what: str) -> None:
    """Raises a TTVOSError if `count` objects are more than are supported."""
    if count > MAX_OBJECTS:
        raise TTVOSError(f"{what}: {count} objects, but at most {MAX_OBJECTS} can be tracked at once")
