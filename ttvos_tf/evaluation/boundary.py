"""Contour accuracy F: how well two boundaries match within a tolerance (Perazzi et al., CVPR 2016).

Two boundary pixels match if they are at most `tolerance_radius` apart. The bipartite matching is approximated by
dilating each boundary with a disk, as the DAVIS benchmark does: the numbers are its numbers.
"""

import cv2
import numpy as np

TOLERANCE = 0.008  # of the image diagonal


def boundary_map(mask: np.ndarray) -> np.ndarray:
    """Marks the pixels that differ from the next one to the right, below or diagonally below.

    Args:
        mask: bool (H, W).

    Returns:
        bool (H, W). The image border is no boundary: the last row and column compare with themselves.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask != padded[:-1, 1:]) | (mask != padded[1:, :-1]) | (mask != padded[1:, 1:])


def tolerance_radius(height: int, width: int) -> int:
    """How far apart two boundary pixels may be in an image of this size: 8 pixels at 480x854."""
    return int(np.ceil(TOLERANCE * np.linalg.norm((height, width))))


def disk(radius: int) -> np.ndarray:
    """All pixels within `radius` of the centre, as a uint8 (2 * radius + 1, 2 * radius + 1) kernel of 0 and 1."""
    squares = np.arange(-radius, radius + 1) ** 2
    return (squares[:, None] + squares <= radius**2).astype(np.uint8)


def boundary_f(prediction: np.ndarray, truth: np.ndarray) -> float:
    """F of one object in one frame.

    Args:
        prediction: bool (H, W).
        truth: bool (H, W).

    Returns:
        Harmonic mean of the boundary's precision and recall, in [0, 1]. Where neither mask has a boundary (each
        empty, or all of the image) it is 1; where only one of them has, 0.
    """
    window = _window(prediction | truth)
    predicted, true = boundary_map(prediction[window]), boundary_map(truth[window])
    n_predicted, n_true = np.count_nonzero(predicted), np.count_nonzero(true)
    if not n_predicted or not n_true:
        return float(n_predicted == n_true)
    kernel = disk(tolerance_radius(*truth.shape))
    precision = np.count_nonzero(predicted & _dilate(true, kernel)) / n_predicted
    recall = np.count_nonzero(true & _dilate(predicted, kernel)) / n_true
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _dilate(boundary: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return cv2.dilate(boundary.view(np.uint8), kernel).view(bool)


def _window(union: np.ndarray) -> tuple[slice, slice]:
    """The part of the image that holds every boundary: the bounding box and one pixel around it, so F stays exact."""
    x, y, width, height = cv2.boundingRect(union.view(np.uint8))
    return slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)
