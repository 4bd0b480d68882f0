"""The objects alone, transparent around them, or on another background.

Edges are as soft as the network is unsure, which is about four pixels. Hair and glass would need matting.
"""

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image
from ttvos_tf.media.resize import resize_by_area
from ttvos_tf.media.sizes import Size, size_of

# The network is hardly ever quite sure: below the one all is background, above the other all is object.
SURELY_NOT, SURELY = 0.1, 0.9

Background = Callable[[np.ndarray], np.ndarray]
"""From a frame, uint8 (H, W, 3) RGB, to what is behind its objects, the same."""


def opacity(soft: Iterable[np.ndarray], size: Size) -> np.ndarray:
    """How much of each pixel is object.

    Args:
        soft: a probability map of each object, float32 (H, W).
        size: (height, width) of the maps, for when there is none.

    Returns:
        float32 (H, W), from 0 to 1.
    """
    total = np.zeros(size, np.float32)
    for probability in soft:
        total += probability
    total -= SURELY_NOT
    total /= SURELY - SURELY_NOT
    return np.clip(total, 0, 1, out=total)


def cut_out(frame: np.ndarray, opaque: np.ndarray) -> np.ndarray:
    """A frame, uint8 (H, W, 3) RGB, with its `opacity`: uint8 (H, W, 4) RGBA, not premultiplied."""
    return cv2.merge([*cv2.split(frame), cv2.convertScaleAbs(opaque, alpha=255)])


def replace_background(frame: np.ndarray, opaque: np.ndarray, background: Background) -> np.ndarray:
    """The objects of a frame, uint8 (H, W, 3) RGB, before another background: the same type and shape."""
    return cv2.blendLinear(frame, background(frame), opaque, 1 - opaque)


def parse_background(text: str) -> Background:
    """Reads "blur", a colour as "#00ff00", or the path of an image, which is cropped to the frame's shape.

    Raises:
        TTVOSError: it is none of these.
    """
    if text == "blur":
        return blurred
    digits = text.removeprefix("#")
    if len(digits) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return _colour(bytes.fromhex(digits))
    if text.startswith("#"):
        raise TTVOSError(f"--background {text}: a colour is written '#00ff00', two digits for each of red, green, blue")
    try:
        return _image(read_image(text))
    except TTVOSError as error:
        raise TTVOSError(f"--background {error} (it is blur, a colour as '#00ff00', or an image)") from None


def blurred(frame: np.ndarray) -> np.ndarray:
    """A frame, uint8 (H, W, 3), out of focus: by a Gauss of a sixtieth of its width, of 4 pixels at least."""
    sigma = max(4, round(frame.shape[1] / 60))
    # At a quarter of the size it looks the same, and takes a tenth of the time.
    height, width = (max(1, side // 4) for side in size_of(frame))
    small = cv2.GaussianBlur(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), (0, 0), sigma / 4)
    return cv2.resize(small, size_of(frame)[::-1], interpolation=cv2.INTER_LINEAR)


def _colour(rgb: bytes) -> Background:
    return lambda frame: np.full_like(frame, np.frombuffer(rgb, np.uint8))


def _image(image: np.ndarray) -> Background:
    fitted: dict[Size, np.ndarray] = {}

    def background(frame: np.ndarray) -> np.ndarray:
        size = size_of(frame)
        if size not in fitted:
            fitted[size] = covering(image, size)
        return fitted[size]

    return background


def covering(image: np.ndarray, size: Size) -> np.ndarray:
    """The middle of an image (H, W, 3), of the shape of (height, width) and resized to it."""
    height, width = size_of(image)
    scale = min(height / size[0], width / size[1])
    inner = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    return resize_by_area(image[top : top + inner[0], left : left + inner[1]], size)
