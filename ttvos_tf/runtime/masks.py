"""Masks: object ids as pixel values, in memory and in paletted PNG files.

0 is the background, 1 to 254 are objects, 255 is void (unknown: no object). One exception: a mask whose only value
beside 0 is 255 is a black-and-white drawing, as DAVIS-2016 has them, and its white is object 1.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.files import whole_file
from ttvos_tf.runtime.geometry import Size, format_size

VOID = 255
# Every object costs a pass of the network's head and a soft map per frame, so a phone is far from real time well before
# this; and a mask with more values is nearly always a wrong file: a photograph, or a mask saved as JPEG.
MAX_OBJECTS = 20

WRITTEN_BY = "ttvos"

Box = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels."""


def davis_palette() -> np.ndarray:
    """The palette of DAVIS and PASCAL VOC: uint8 (256, 3) RGB, row = id.

    The bits of the id are dealt out to red, green and blue in turn, most significant colour bit first.
    """
    ids = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= (((ids >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return palette


def read_mask(path: str | Path) -> np.ndarray:
    """Reads a mask file as it is: palette indices or grey values, uint8 (H, W).

    Raises:
        TTVOSError: the file is missing, is not an image, or has more than one channel or more than 8 bits.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            mode, pixels = image.mode, np.asarray(image)
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such mask") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):  # SyntaxError: a broken PNG
        raise TTVOSError(f"{path}: cannot be read as an image") from None
    if mode == "1":
        return pixels.astype(np.uint8) * 255
    if mode not in ("P", "L"):
        raise TTVOSError(f"{path}: a mask is an 8-bit image of one channel, paletted or grey, not {mode}")
    return pixels


def write_mask(path: str | Path, labels: np.ndarray) -> None:
    """Writes a paletted PNG with the DAVIS palette; the file appears whole or not at all.

    Args:
        path: the file, `.png`.
        labels: uint8 (H, W) ids.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    image.putpalette(davis_palette().tobytes())
    info = PngInfo()
    info.add_text("Software", WRITTEN_BY)
    with whole_file(Path(path)) as partial:
        image.save(partial, "PNG", pnginfo=info)


def is_written_by_us(path: Path) -> bool:
    """Whether a file is a mask that `write_mask` wrote."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.info.get("Software") == WRITTEN_BY
    except (OSError, SyntaxError):
        return False


def objects_in_mask(mask: np.ndarray, size: Size, what: str = "the mask") -> dict[int, np.ndarray]:
    """Splits a mask into its objects.

    Args:
        mask: uint8 (H, W) ids, see this module's docstring.
        size: (height, width) of the frame that it belongs to.
        what: what an error message calls the mask.

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
        return {1: mask == VOID}
    if not ids:
        raise TTVOSError(f"{what}: holds no object: every pixel is 0")
    check_count(len(ids), what)
    return {value: mask == value for value in ids}


def objects_in_boxes(boxes: Sequence[Box], size: Size) -> dict[int, np.ndarray]:
    """Filled boxes as masks, clipped to the frame; the boxes may overlap.

    Args:
        boxes: one box an object; the objects' ids are 1, 2, ...
        size: (height, width) of the frame.

    Returns:
        id -> bool (H, W).

    Raises:
        TTVOSError: a box without area or outside the frame, no box, or more than MAX_OBJECTS.
    """
    if not boxes:
        raise TTVOSError("boxes: holds no object: give at least one box")
    check_count(len(boxes), "boxes")
    objects = {}
    for index, box in enumerate(boxes, start=1):
        x, y, width, height = box
        text = ",".join(f"{value:g}" for value in box)
        if not all(map(math.isfinite, box)):
            raise TTVOSError(f"box {text}: must be four finite numbers")
        if not (width > 0 and height > 0):
            raise TTVOSError(f"box {text}: has no area: width and height must be above 0")
        left, top = max(round(x), 0), max(round(y), 0)
        right, bottom = min(round(x + width), size[1]), min(round(y + height), size[0])
        if left >= right or top >= bottom:
            raise TTVOSError(f"box {text}: covers no pixel of the {format_size(size)} frame")
        objects[index] = np.zeros(size, bool)
        objects[index][top:bottom, left:right] = True
    return objects


def check_count(count: int, what: str) -> None:
    """Raises a TTVOSError if `count` objects are more than are supported."""
    if count > MAX_OBJECTS:
        raise TTVOSError(f"{what}: {count} objects, but at most {MAX_OBJECTS} can be tracked at once")
