"""Frames and masks as the network takes them: the heatmap H_hat of section 3.1, and the way back from a logit."""

from ttvos_tf.compat import tf


def normalize(frame: tf.Tensor) -> tf.Tensor:
    """uint8 RGB (B, H, W, 3) -> float32 in [-1, 1]."""
    return tf.cast(frame, tf.float32) * (1 / 127.5) - 1.0


def pool_mask(probability: tf.Tensor) -> tf.Tensor:
    """Foreground probability (B, H, W, 1) -> heatmap (B, H/8, W/8, 2): exact cell means, background first."""
    # A mean and not a pool: XNNPACK has no int8 pool, and a converter puts the rounding before one.
    height, width = (size // 8 for size in probability.shape[1:3])
    means = tf.reduce_mean(tf.reshape(probability, [-1, 8, width, 8]), axis=[1, 3])
    foreground = tf.reshape(means, [-1, height, width, 1])
    return tf.concat([1.0 - foreground, foreground], axis=-1)


def foreground_probability(logit: tf.Tensor) -> tf.Tensor:
    """Logit d (B, H, W, 1) -> soft-aggregated foreground probability of a single object, (B, H, W, 1).

    Aggregation with the background (runtime/aggregation.py) makes it sigmoid(2 d), sharper than the softmax: what goes
    back into the state, in training as at inference.
    """
    return tf.sigmoid(2.0 * logit)
