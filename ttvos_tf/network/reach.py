"""Ours, not the paper's: a target is not farther from its previous mask than a share of the frame's height.

A network sees a few dozen pixels around a place. It cannot know that the target is tracked elsewhere, so it takes
look-alikes for it, however far away. The rule works at inference only and has no weights.
"""

from ttvos_tf.compat import tf
from ttvos_tf.network.rounding import Rounding

SUPPRESSION = 20.0  # taken from a logit: its sigmoid is 0 then, whatever it was
STEP_SLOPE = 1e4  # of a step from 0 to 1


def limit_reach(logit: tf.Tensor, state_mask: tf.Tensor, reach: float, rounding: Rounding) -> tf.Tensor:
    """The logit, suppressed where it is out of reach, as long as any of the target was in sight.

    Args:
        logit: foreground minus background (B, H, W, 1).
        state_mask: previous heatmap (B, H/8, W/8, 2 or more), background first.
        reach: share of the frame's height; 0 is without limit.
        rounding: fake quantisation of the values in between.

    Returns:
        (B, H, W, 1).
    """
    height, width = logit.shape[1:3]
    cells = round(reach * height / 8)
    if not cells:
        return logit
    rounded = rounding.activation
    previous = rounded(state_mask, 0.0, 255 / 256)[..., 1:2]
    near = _largest_near(previous, cells)  # transposed, (B, w, 1, h)
    most = rounded(_largest(previous) - 0.5, -0.5, 0.5)
    in_sight = rounded(tf.nn.relu6(STEP_SLOPE * most), 0.0, 6.0)  # 0 or 6
    outside = rounded(tf.nn.relu(0.5 - near), 0.0, 0.5)
    far = rounded(rounded(SUPPRESSION / 3.0 * in_sight, 0.0, 2 * SUPPRESSION) * outside, 0.0, SUPPRESSION)
    # Only now: TensorFlow 2.19's converter makes `transpose(x) - 0.5` of `0.5 - transpose(x)`, and says nothing.
    far = tf.transpose(far, [0, 3, 2, 1])
    # Each cell's value for its 8x8 pixels, by broadcasting: a resize to the full size takes a fifth of `segment`.
    pixels = tf.reshape(logit, [-1, 8, width // 8, 8]) - tf.reshape(far, [-1, 1, width // 8, 1])
    return tf.reshape(rounding.logit(pixels), [-1, height, width, 1])


def _largest(x: tf.Tensor) -> tf.Tensor:
    """The largest value of all: (B, h, w, 1) -> (B, 1, 1, 1)."""
    # Two pools: REDUCE_MAX and comparisons are slow in XNNPACK, which leaves them to other kernels.
    height, width = x.shape[1:3]
    columns = tf.nn.max_pool2d(tf.reshape(x, [-1, height, 1, width]), (height, 1), 1, "VALID")
    return tf.nn.max_pool2d(tf.reshape(columns, [-1, width, 1, 1]), (width, 1), 1, "VALID")


def _largest_near(x: tf.Tensor, cells: int) -> tf.Tensor:
    """The largest value within so many cells in both directions: (B, h, w, 1) -> transposed, (B, w, 1, h)."""
    height, width = x.shape[1:3]
    # Lines that are pooled side by side are channels of one pool: many at a time, where a map of one channel is slow.
    columns = _largest_along(tf.reshape(x, [-1, height, 1, width]), cells)
    return _largest_along(tf.transpose(columns, [0, 3, 2, 1]), cells)


def _largest_along(lines: tf.Tensor, cells: int) -> tf.Tensor:
    """(B, length, 1, lines) -> the same: the largest within so many cells along each line."""
    return tf.nn.max_pool2d(lines, (2 * cells + 1, 1), 1, "SAME")
