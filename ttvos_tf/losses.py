"""The training loss: cross entropy plus the temporal consistency loss (Eq. 4 and 5).

Both work on masks alone, so they fit any model that carries a mask from frame to frame (Table 4).
"""

from ttvos_tf.compat import tf

VOID = 255


class TemporalConsistencyLoss:
    """Eq. 4: mean((pi_hat_t - (H_t - H_hat_{t-1}))^2).

    The target is a label: no gradient flows through H_hat_{t-1} into it, or the model could please the loss by
    changing its previous mask.
    """

    def __call__(self, pi_hat: tf.Tensor, heatmap: tf.Tensor, previous: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        """The loss, a scalar.

        Args:
            pi_hat: estimated transition matrix (B, h, w, 2), in (-1, 1).
            heatmap: ground truth H_t (B, h, w, 2), background first, cell means in [0, 1].
            previous: estimated heatmap H_hat_{t-1} (B, h, w, 2), in [0, 1].
            known: share of each cell that is labelled (B, h, w, 1), in [0, 1].
        """
        target = tf.stop_gradient(heatmap - previous)
        error = tf.square(pi_hat - target) * known
        return tf.reduce_sum(error) / (2.0 * tf.maximum(tf.reduce_sum(known), 1.0))


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean cross entropy over labelled pixels, a scalar.

    Args:
        logits: (B, H, W, 2), background first. Two-class softmax equals a sigmoid of their difference.
        labels: uint8 (B, H, W): 1 target, 0 rest, 255 void.
    """
    known = tf.cast(labels != VOID, tf.float32)
    target = tf.cast(labels == 1, tf.float32)
    loss = tf.nn.sigmoid_cross_entropy_with_logits(target, logits[..., 1] - logits[..., 0])
    return tf.reduce_sum(loss * known) / tf.maximum(tf.reduce_sum(known), 1.0)
