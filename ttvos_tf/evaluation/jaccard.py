"""Region similarity J: intersection over union (Perazzi et al., CVPR 2016)."""

import numpy as np


def jaccard(prediction: np.ndarray, truth: np.ndarray) -> float:
    """J of one object in one frame.

    Args:
        prediction: bool (H, W).
        truth: bool (H, W).

    Returns:
        Intersection over union in [0, 1]; 1 where both masks are empty.
    """
    union = np.count_nonzero(prediction | truth)
    return np.count_nonzero(prediction & truth) / union if union else 1.0
