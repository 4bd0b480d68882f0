"""Reading images and masks from disk, with errors that name the file."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ttvos_tf.errors import TTVOSError


def read_image(path: Path) -> np.ndarray:
    """Reads a colour image as uint8 (H, W, 3), RGB: the pixels as stored, as data sets' masks are drawn on them.

    A rotation noted in EXIF is left out; `media.images.read_image`, for people's photographs, applies it.

    Raises:
        TTVOSError: the file is missing or is not an image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise TTVOSError(f"{path}: cannot be read as an image" if path.exists() else f"{path}: no such image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Reads a mask as uint8 (H, W): palette indices of a paletted PNG, grey values of any other image.

    Args:
        path: the mask.
        size: (height, width) that it must have, that of its image.

    Raises:
        TTVOSError: the file is missing, is not an image, or has another size.
    """
    try:
        with Image.open(path) as image:
            mask = np.asarray(image if image.mode in ("P", "L") else image.convert("L"))
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such mask") from None
    except (UnidentifiedImageError, OSError, SyntaxError):  # PIL raises SyntaxError for a broken PNG
        raise TTVOSError(f"{path}: cannot be read as a mask") from None
    if mask.shape != size:
        raise TTVOSError(f"{path}: the mask is {mask.shape[1]}x{mask.shape[0]}, its image is {size[1]}x{size[0]}")
    return mask


def size_of(image: np.ndarray) -> tuple[int, int]:
    """(height, width) of an image or mask, in pixels."""
    return image.shape[0], image.shape[1]


def files_by_stem(folder: Path, *suffixes: str) -> dict[str, Path]:
    """The files of a folder that have one of the suffixes, by name without suffix, sorted.

    Raises:
        TTVOSError: the folder is missing or has no such file.
    """
    if not folder.is_dir():
        raise TTVOSError(f"{folder}: no such folder")
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes}
    if not files:
        raise TTVOSError(f"{folder}: no {' or '.join(suffixes)} file in this folder")
    return files
