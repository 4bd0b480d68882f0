"""The two rules by which pictures are resized; each averages where it shrinks and is bilinear elsewhere.

They differ where one side shrinks and the other grows. Shipped weights and masks were made by these, so both stay.
"""

import cv2
import numpy as np

from ttvos_tf.media.sizes import Size, size_of


def resize_by_area(image: np.ndarray, size: Size) -> np.ndarray:
    """Resizes an image (H, W, ...) to (height, width), averaging where it gets fewer pixels: for training's clips."""
    return _resize(image, size, size[0] * size[1] < image.shape[0] * image.shape[1])


def resize_by_side(image: np.ndarray, size: Size) -> np.ndarray:
    """Resizes an image (H, W, ...) to (height, width), averaging where a side gets shorter: for the letterbox.

    An image of that size is returned as it is.
    """
    if size_of(image) == size:
        return image
    return _resize(image, size, size[0] < image.shape[0] or size[1] < image.shape[1])


def _resize(image: np.ndarray, size: Size, averaging: bool) -> np.ndarray:
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if averaging else cv2.INTER_LINEAR)
