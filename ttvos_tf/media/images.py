"""Images and masks in files.

A mask's pixel values are object ids. It is written as a PNG with the palette of DAVIS.
"""

from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file

WRITTEN_BY = "ttvos"


def read_image(path: Path) -> np.ndarray:
    """Reads a frame as uint8 (H, W, 3), RGB.

    Raises:
        TTVOSError: the file is not an image, or is cut short.
    """
    content = path.read_bytes()
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
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
    with atomic_file(Path(path)) as partial:
        image.save(partial, "PNG", pnginfo=info)


def is_written_by_us(path: Path) -> bool:
    """Whether a file is a mask that `write_mask` wrote."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.info.get("Software") == WRITTEN_BY
    except (OSError, SyntaxError):
        return False
