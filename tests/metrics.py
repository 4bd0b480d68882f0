"""How alike two masks are."""

import numpy as np


def iou(a, b) -> float:
    """Intersection over union of two masks of one shape: boolean, or probabilities that count above 0.5.

    Both empty is no agreement that proves anything, so it is refused.
    """
    a, b = np.asarray(a) > 0.5, np.asarray(b) > 0.5
    assert a.shape == b.shape, (a.shape, b.shape)
    union = np.count_nonzero(a | b)
    assert union, "both masks are empty"
    return np.count_nonzero(a & b) / union


def relative_error(got, expected) -> float:
    """Norm of the difference over the norm of what is expected."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))
