"""Shows labels on their frame."""

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import davis_palette
from ttvos_tf.media.sizes import check_frame, check_labels, format_size, size_of

OPACITY = 0.45
_COLOURS = davis_palette()[None]


def draw_overlay(frame: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tints every object with its DAVIS colour and outlines it.

    Args:
        frame: uint8 (H, W, 3) RGB.
        labels: uint8 (H, W) ids, 0 background.

    Returns:
        uint8 (H, W, 3) RGB; the background's pixels are the frame's.

    Raises:
        TTVOSError: an array of another type or size.
    """
    check_frame(frame)
    check_labels(labels)
    if labels.shape != frame.shape[:2]:
        raise TTVOSError(f"labels are {format_size(size_of(labels))}, but their frame is {format_size(size_of(frame))}")
    drawn = frame.copy()
    x, y, width, height = cv2.boundingRect(labels)  # of all objects: elsewhere there is nothing to do
    if width:
        # And a pixel around them, for their outlines to end.
        place = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
        drawn[place] = _drawn(frame[place], labels[place])
    return drawn


def _drawn(frame: np.ndarray, labels: np.ndarray) -> np.ndarray:
    colours = cv2.LUT(cv2.merge([labels] * 3), _COLOURS)
    drawn = cv2.addWeighted(frame, 1 - OPACITY, colours, OPACITY, 0)
    # A pixel is on an outline if another label is next to it: neighbouring objects are told apart too.
    square = np.ones((3, 3), np.uint8)
    cv2.copyTo(colours, cv2.compare(cv2.erode(labels, square), cv2.dilate(labels, square), cv2.CMP_NE), drawn)
    cv2.copyTo(frame, cv2.compare(labels, np.zeros_like(labels), cv2.CMP_EQ), drawn)
    return drawn
