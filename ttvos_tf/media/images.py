"""Images and masks in files.

A mask's pixel values are object ids. It is written as a PNG with the palette of DAVIS.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.sizes import Size, format_size, size_of

if TYPE_CHECKING:
    from PIL.Image import Image

WRITTEN_BY = "ttvos"


def read_image(path: str | Path, upright: bool = True) -> np.ndarray:
    """Reads a frame as uint8 (H, W, 3), RGB.

    Args:
        path: the image.
        upright: turn it as its EXIF data say, as people see their photographs. Not so for a data set: its masks are
            drawn on the pixels as they are stored.

    Raises:
        TTVOSError: the file is missing, is not an image, or is cut short.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such image") from None
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    if image is None or _lacks_end(content):
        raise TTVOSError(f"{path}: cannot be read as an image: damaged, or cut short")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _lacks_end(content: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end: OpenCV fills what is missing with grey and says nothing."""
    if content.startswith(b"\xff\xd8"):  # an end of image after the last start of scan; other data may follow it
        return content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda")
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-1024:]
    return False


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
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            mode, is_jpeg, pixels = image.mode, image.format == "JPEG", np.asarray(image)
            if any_image and mode not in ("P", "L"):
                pixels = np.asarray(image.convert("L"))
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such mask") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):  # SyntaxError: a broken PNG
        raise TTVOSError(f"{path}: cannot be read as an image") from None
    if not any_image:
        pixels = _ids(path, mode, is_jpeg, pixels)
    if size is not None and pixels.shape != tuple(size):
        raise TTVOSError(f"{path}: the mask is {format_size(size_of(pixels))}, its image is {format_size(size)}")
    return pixels


def _ids(path: str | Path, mode: str, is_jpeg: bool, pixels: np.ndarray) -> np.ndarray:
    """The pixels of a mask file of that mode as ids, uint8 (H, W)."""
    if mode == "1":
        return pixels.astype(np.uint8) * 255
    if mode in ("P", "L") and not is_jpeg:
        return pixels
    channels = pixels.reshape(*pixels.shape[:2], -1)
    if mode in ("L", "RGB") and np.isin(channels, (0, 255)).all() and (channels == channels[..., :1]).all():
        return channels[..., 0].copy()
    if is_jpeg:
        raise TTVOSError(f"{path}: is a JPEG, which changes the ids of objects: save the mask as PNG")
    wanted = "an 8-bit image of one channel, paletted or grey (or one of black and white)"
    raise TTVOSError(f"{path}: a mask is {wanted}, not {mode}")


def write_mask(path: str | Path, labels: np.ndarray, source: str = "") -> None:
    """Writes a paletted PNG with the DAVIS palette, and the folders that it lies in.

    Args:
        path: the file, `.png`.
        labels: uint8 (H, W) ids.
        source: what the mask is of, for `source_of`.
    """
    from PIL import Image

    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    image.putpalette(davis_palette().tobytes())
    _save(image, path, source)


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
    """What `write_mask` or `write_cutout` was told of the source, "" if nothing; None of a file that neither wrote."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.info.get("Source", "") if image.info.get("Software") == WRITTEN_BY else None
    except (OSError, SyntaxError):
        return None


def is_written_by_us(path: Path) -> bool:
    """Whether a file is a mask or cut-out that was written here."""
    return source_of(path) is not None
