"""The training loss: cross entropy plus the temporal consistency loss (Eq. 4 and 5).

Both work on masks alone, so they fit any model that carries a mask from frame to frame (Table 4).
"""

from ttvos_tf.compat import tf
from ttvos_tf.contract import VOID


class TemporalConsistencyLoss:
    """Eq. 4: mean((pi_hat_t - (H_t - H_hat_{t-1}))^2).

    The target is a label: no gradient flows through H_hat_{t-1} into it, or the model could please the loss by
    changing its previous mask.
    """

    def __call__(self, pi_hat: tf.Tensor, heatmap: tf.Tensor, previous: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        """The loss, a scalar: the mean over clips of each one's mean over labelled cells.

        Args:
            pi_hat: estimated transition matrix (B, h, w, 2), in (-1, 1).
            heatmap: ground truth H_t (B, h, w, 2), background first, cell means in [0, 1].
            previous: estimated heatmap H_hat_{t-1} (B, h, w, 2), in [0, 1].
            known: share of each cell that is labelled (B, h, w, 1), in [0, 1].
        """
        target = tf.stop_gradient(heatmap - previous)
        return mean_of_clips(tf.square(pi_hat - target), known)


def cross_entropy(logit: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean over clips of each one's mean cross entropy over labelled pixels, a scalar.

    Args:
        logit: (B, H, W, 1), foreground minus background; its sigmoid is the two-class softmax.
        labels: uint8 (B, H, W): 1 target, 0 rest, 255 void.
    """
    known = tf.cast(labels != VOID, tf.float32)[..., None]
    target = tf.cast(labels == 1, tf.float32)[..., None]
    return mean_of_clips(tf.nn.sigmoid_cross_entropy_with_logits(target, logit), known)


def jaccard_loss(logit: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """1 - J of soft masks, a scalar: the mean over clips; 0 for one whose target is hidden.

    Cross entropy counts pixels, so a small target hardly weighs; this counts targets.

    Args:
        logit: (B, H, W, 1), foreground minus background.
        labels: uint8 (B, H, W): 1 target, 0 rest, 255 void.
    """
    known = tf.cast(labels != VOID, tf.float32)[..., None]
    target = tf.cast(labels == 1, tf.float32)[..., None]
    probability = tf.sigmoid(logit) * known
    intersection = tf.reduce_sum(probability * target, axis=[1, 2, 3])
    union = tf.reduce_sum(probability + target - probability * target, axis=[1, 2, 3])
    visible = tf.cast(tf.reduce_any(labels == 1, axis=[1, 2]), tf.float32)
    return tf.reduce_mean(visible * (1.0 - intersection / tf.maximum(union, 1.0)))


def mean_of_clips(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of each item's mean where it is labelled; parts of a batch on several devices add up to it.

    Args:
        values: (B, h, w, C).
        known: share of each cell that is labelled (B, h, w, 1), in [0, 1].
    """
    total = tf.reduce_sum(known, axis=[1, 2, 3])
    means = tf.reduce_sum(values * known, axis=[1, 2, 3]) / (values.shape[-1] * tf.maximum(total, 1.0))
    return tf.reduce_mean(means)
