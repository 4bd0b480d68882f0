"""Soft aggregation of several objects' heatmaps (section 3.1).

Per pixel, object k has the odds p_k / (1 - p_k) and the background has those of min_k(1 - p_k); all are normalised to
sum to 1. With d_k the foreground minus background logit, the odds are exp(d_k) and exp(-max_k d_k), so the aggregation
is a softmax over [-max_k d_k, d_1, ..., d_K]. With one object this is sigmoid(2 d).
"""

from collections.abc import Mapping

import numpy as np

from ttvos_tf.media.sizes import Size


def soft_aggregate(logits: np.ndarray) -> np.ndarray:
    """Joins the objects' logits to probabilities.

    Args:
        logits: float (K, ...), foreground minus background logit of each object.

    Returns:
        float (K + 1, ...), background first; sums to 1 over the first axis.
    """
    top = logits.max(axis=0)
    odds = np.empty((len(logits) + 1, *top.shape), logits.dtype)
    np.negative(top, out=odds[0])
    odds[1:] = logits
    odds -= np.abs(top, out=top)  # the largest of [-top, logits]
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=0)
    return odds


def most_probable(soft: Mapping[int, np.ndarray], size: Size) -> np.ndarray:
    """The most probable id of every pixel; the background wins a tie.

    Args:
        soft: id -> float32 (H, W), the object's probability. The background has the rest.
        size: (height, width).

    Returns:
        uint8 (H, W): ids, 0 for the background.
    """
    labels = np.zeros(size, np.uint8)
    best = background(soft, size)
    for object_id, probability in soft.items():
        np.copyto(labels, np.uint8(object_id), where=probability > best)
        np.maximum(best, probability, out=best)
    return labels


def background(soft: Mapping[int, np.ndarray], size: Size) -> np.ndarray:
    """What the objects leave of every pixel: float32 (H, W)."""
    rest = np.ones(size, np.float32)
    for probability in soft.values():
        rest -= probability
    return rest
