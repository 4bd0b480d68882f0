"""Random changes that keep images and masks aligned: crops and colours."""

from dataclasses import dataclass

import cv2
import numpy as np

from ttvos_tf.media.resize import resize_by_area


@dataclass(frozen=True)
class Window:
    """A rectangle of a source image, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def center(self) -> tuple[float, float]:
        """(x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2


def bounding_box(mask: np.ndarray) -> Window:
    """The smallest window that holds all nonzero pixels of a mask (H, W) with at least one."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8) if mask.dtype == bool else mask)
    return Window(x, y, width, height)


def random_window(
    rng: np.random.Generator, box: Window, source: tuple[int, int], target: tuple[int, int], scales: tuple[float, float]
) -> Window:
    """Draws a window of about the target's aspect that holds the box, or as much of it as fits.

    Args:
        rng: the generator.
        box: what to keep in view.
        source: (height, width) of the image that the window is cut from.
        target: (height, width) that the window will be resized to.
        scales: range of the window's size; 1 is the largest window of the target's aspect.
    """
    aspect = target[1] / target[0] * rng.uniform(0.9, 1.1)
    height = min(source[0], source[1] / aspect) * rng.uniform(*scales)
    size = max(1, round(height)), max(1, min(source[1], round(height * aspect)))

    def start(low: int, length: int, window: int, limit: int) -> int:
        # A window longer than the box may start anywhere that holds the box; a shorter one anywhere inside it.
        first, last = sorted((low, low + length - window))
        first, last = np.clip((first, last), 0, limit - window)
        return int(rng.integers(first, last + 1))

    return Window(
        x=start(box.x, box.width, size[1], source[1]),
        y=start(box.y, box.height, size[0], source[0]),
        width=size[1],
        height=size[0],
    )


def crop_and_resize(image: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """Cuts the window out of an image (H, W, ...) and resizes it to (height, width), averaging where it shrinks."""
    crop = image[window.y : window.y + window.height, window.x : window.x + window.width]
    return resize_by_area(crop, size)


@dataclass(frozen=True)
class Colors:
    """A change of colours: an affine map of RGB (brightness, contrast, saturation, tint), then a gamma curve.

    Attributes:
        matrix: float32 (3, 4).
        curve: uint8 (256,).
    """

    matrix: np.ndarray
    curve: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator, strength: float = 1.0) -> "Colors":
        """Draws a change; strength 0 is none."""
        grey = np.full((3, 3), 1 / 3)
        saturation = 1 + strength * rng.uniform(-0.4, 0.3)
        gains = 1 + strength * (rng.uniform(-0.2, 0.2) + rng.uniform(-0.06, 0.06, size=(3, 1)))
        matrix = gains * (saturation * np.eye(3) + (1 - saturation) * grey)
        offset = 128 * (1 - gains) + strength * rng.uniform(-20, 20)  # contrast turns about mid-grey
        curve = 255 * np.linspace(0, 1, 256) ** np.exp(strength * rng.uniform(-0.25, 0.25))
        return cls(np.hstack([matrix, offset]).astype(np.float32), curve.round().astype(np.uint8))

    def lit(self, gain: float) -> "Colors":
        """The same change in more (gain over 1) or less light."""
        return Colors(self.matrix * np.float32(gain), self.curve)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Applies the change to an image uint8 (H, W, 3)."""
        return cv2.LUT(cv2.transform(image, self.matrix), self.curve)
