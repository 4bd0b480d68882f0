"""Images and masks in files.

A mask's pixel values are object ids. It is written as a PNG with the palette of DAVIS.
"""

import contextlib
import io
import re
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import MOST_IMAGE, read_bytes
from ttvos_tf.media.jpeg import is_jpeg, is_whole_jpeg
from ttvos_tf.media.native import caught_stderr
from ttvos_tf.media.sizes import MOST_PIXELS, Size, check_labels, format_size, size_of

if TYPE_CHECKING:
    from PIL.Image import Image

WRITTEN_BY = "ttvos"

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM")  # of masks; Pillow knows some that run other programs
PNG = b"\x89PNG\r\n\x1a\n"
# What libjpeg says of pixels that it made up. A few bytes too many before a marker are padding, as cameras write it.
DAMAGE = r"Corrupt JPEG data: (?![1-4] extraneous)|Premature end of JPEG|Inconsistent progression|Invalid SOS"
SAID = re.compile(
    rf"((?:{DAMAGE}|Corrupt JPEG data: |libpng (?:warning|error): )[^\n]*)\n?|\[ *(?:WARN|ERROR):[^\n]*\n?"
)


def read_image(path: str | Path, upright: bool = True) -> np.ndarray:
    """Reads a frame as uint8 (H, W, 3), RGB.

    Args:
        path: the image.
        upright: turn it as its EXIF data say, as people see their photographs. Not so for a data set: its masks are
            drawn on the pixels as they are stored.

    Raises:
        TTVOSError: the file is missing, is not an image, is cut short or damaged, or has more than MOST_PIXELS.
    """
    content = read_bytes(path, MOST_IMAGE, "image")
    _check_size(path, content)
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.cvtColor(_decoded(path, content, flags), cv2.COLOR_BGR2RGB)


def _check_size(path: str | Path, content: bytes) -> None:
    """Refuses an image that would fill the memory. One that Pillow cannot open has no size yet, and may be damaged."""
    with contextlib.suppress(_UnknownImageError, _DamagedImageError), _opened(path, content):
        pass


def _decoded(path: str | Path, content: bytes, flags: int) -> np.ndarray:
    """An image file's pixels by OpenCV, none of them made up."""
    image, said = None, []
    if content and _is_whole(content):
        with contextlib.suppress(cv2.error, MemoryError), caught_stderr(SAID) as said:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if image is None:
        raise TTVOSError(f"{path}: cannot be read as an image: damaged, or cut short")
    if damage := next((line for line in said if re.match(DAMAGE, line)), None):
        raise TTVOSError(f"{path}: cannot be read as an image: damaged ({damage})")
    return image


def _is_whole(content: bytes) -> bool:
    """Whether a JPEG or PNG has its end: OpenCV fills what is missing with grey and says nothing."""
    if is_jpeg(content):
        return is_whole_jpeg(content)
    if content.startswith(PNG):
        position = len(PNG)
        while content[position + 4 : position + 8] != b"IEND":  # length, name, data, checksum
            position += 12 + int.from_bytes(content[position : position + 4], "big")
            if position >= len(content):
                return False
        return position + 12 <= len(content)
    return True


class _UnknownImageError(Exception):
    """Pillow does not know such a file."""


class _DamagedImageError(TTVOSError):
    """Pillow knows it, and cannot read all of it."""


@contextlib.contextmanager
def _opened(path: str | Path, content: bytes) -> Iterator["Image"]:
    """Opens an image with Pillow. Whatever it raises or warns of, here or within the block, is the file's error.

    Raises:
        TTVOSError: the image has more than MOST_PIXELS.
        _DamagedImageError: it is damaged.
        _UnknownImageError: it is none that Pillow knows.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                yield image
    except TTVOSError:
        raise
    except UnidentifiedImageError:
        raise _UnknownImageError from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TTVOSError(f"{path}: is too large: an image has at most {MOST_PIXELS:,} pixels") from None
    except Exception as error:  # SyntaxError, ValueError, struct.error, ...: what a damaged file brings
        reason = " ".join(str(error).split())[:200]
        raise _DamagedImageError(f"{path}: cannot be read as an image: damaged ({reason})") from None


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


def read_mask(path: str | Path, size: Size | None = None, any_image: bool = False) -> np.ndarray:
    """Reads a mask file: palette indices or grey values as they are, uint8 (H, W).

    An image of several channels, or a JPEG, which changes values, is a mask only if it is black and white: 0 and 255.

    Args:
        path: the mask.
        size: (height, width) that it must have, that of its image; None for any.
        any_image: take the grey values of any other image too, as data sets of saliency have them.

    Raises:
        TTVOSError: the file is missing, is not an image, has another size, or holds no ids.
    """
    content = read_bytes(path, MOST_IMAGE, "mask")
    if is_jpeg(content) or content.startswith(PNG):  # Pillow fills what is damaged, and does not always tell
        _decoded(path, content, cv2.IMREAD_GRAYSCALE)
    try:
        with _opened(path, content) as image:
            mode, pixels = image.mode, np.asarray(image)
            if any_image and mode not in ("P", "L"):
                pixels = np.asarray(image.convert("L"))
    except _UnknownImageError:
        raise TTVOSError(f"{path}: cannot be read as an image") from None
    if not any_image:
        pixels = _ids(path, mode, is_jpeg(content), pixels)
    if size is not None and pixels.shape != tuple(size):
        raise TTVOSError(f"{path}: the mask is {format_size(size_of(pixels))}, its image is {format_size(size)}")
    return pixels


def _ids(path: str | Path, mode: str, lossy: bool, pixels: np.ndarray) -> np.ndarray:
    """The pixels of a mask file of that mode as ids, uint8 (H, W)."""
    if mode == "1":
        return pixels.astype(np.uint8) * 255
    if mode in ("P", "L") and not lossy:
        return pixels
    channels = pixels.reshape(*pixels.shape[:2], -1)
    if mode in ("L", "RGB") and np.isin(channels, (0, 255)).all() and (channels == channels[..., :1]).all():
        return channels[..., 0].copy()
    if lossy:
        raise TTVOSError(f"{path}: is a JPEG, which changes the ids of objects: save the mask as PNG")
    wanted = "an 8-bit image of one channel, paletted or grey (or one of black and white)"
    raise TTVOSError(f"{path}: a mask is {wanted}, not {mode}")


def write_mask(path: str | Path, labels: np.ndarray, source: str = "") -> None:
    """Writes a paletted PNG with the DAVIS palette, and the folders that it lies in.

    Args:
        path: the file, `.png`.
        labels: uint8 (H, W) ids.
        source: what the mask is of, for `source_of`.

    Raises:
        TTVOSError: an array of another type.
    """
    from PIL import Image

    check_labels(labels)
    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    image.putpalette(davis_palette().tobytes())
    # Label maps are long runs: counting them alone takes half the time, and makes files that are no larger.
    _save(image, path, source, compress_level=1, compress_type=zlib.Z_RLE)


def write_cutout(path: str | Path, image: np.ndarray, source: str = "") -> None:
    """Writes uint8 (H, W, 4) RGBA as `write_mask` writes a mask."""
    from PIL import Image

    # Photographs hardly get smaller by more effort, and this takes a quarter of the time.
    _save(Image.fromarray(image, "RGBA"), path, source, compress_level=1)


def _save(image: "Image", path: str | Path, source: str, **options: int) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Software", WRITTEN_BY)
    if source:
        info.add_text("Source", source)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "PNG", pnginfo=info, **options)


def source_of(path: Path) -> str | None:
    """What `write_mask` was told of a mask's source, "" if nothing; None of a file that it did not write."""
    try:
        with _opened(path, read_bytes(path, MOST_IMAGE)) as image:
            return image.info.get("Source", "") if image.info.get("Software") == WRITTEN_BY else None
    except (TTVOSError, _UnknownImageError):
        return None


def is_written_by_us(path: Path) -> bool:
    """Whether a file is a mask or cut-out that was written here."""
    return source_of(path) is not None
