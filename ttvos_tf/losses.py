"""The loss of one frame: cross entropy and the temporal consistency loss (Eq. 4 and 5), and ours, the Jaccard loss.

The losses take masks and logits, no network. So they fit any model that carries a mask from frame to frame (Table 4).
"""

from dataclasses import dataclass

from ttvos_tf.compat import tf
from ttvos_tf.contract import TARGET, VOID


@dataclass(frozen=True)
class LossWeights:
    """The weights of the terms beside the cross entropy.

    Attributes:
        transition: lambda of Eq. 5, in the paper 5; 0 leaves the temporal consistency loss out.
        jaccard: of the Jaccard loss, which is ours; 0 leaves it out, as in the paper.
    """

    transition: float = 0.0
    jaccard: float = 0.0


def total_loss(entropy: tf.Tensor, transition: tf.Tensor, jaccard: tf.Tensor, weights: LossWeights) -> tf.Tensor:
    """Eq. 5: Loss = CE + lambda * L_tc. Ours: + w * (1 - J), with w = 0 in the paper.

    Args:
        entropy: CE, a scalar (`cross_entropy`).
        transition: L_tc, a scalar (`TemporalConsistencyLoss`).
        jaccard: 1 - J, a scalar (`jaccard_loss`).
        weights: lambda and w.
    """
    return entropy + weights.jaccard * jaccard + weights.transition * transition


class TemporalConsistencyLoss:
    """Eq. 4: L_tc = mean((pi_hat_t - pi_t)^2), with pi_t = H_t - H_hat_{t-1}.

    Ours: a mean in the place of the paper's sum, so that the loss does not grow with the frame. pi_t is a label: no
    gradient flows through H_hat_{t-1} into it. Else the network could lower the loss by changing its previous mask.
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
    target = tf.cast(labels == TARGET, tf.float32)[..., None]
    return mean_of_clips(tf.nn.sigmoid_cross_entropy_with_logits(target, logit), known)


def jaccard_loss(logit: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Ours: 1 - J of soft masks, a scalar, the mean over clips. A clip whose target is hidden counts 0.

    Cross entropy weighs a target by its pixels. This loss weighs every target alike.

    Args:
        logit: (B, H, W, 1), foreground minus background.
        labels: uint8 (B, H, W): 1 target, 0 rest, 255 void.
    """
    known = tf.cast(labels != VOID, tf.float32)[..., None]
    target = tf.cast(labels == TARGET, tf.float32)[..., None]
    probability = tf.sigmoid(logit) * known
    intersection = tf.reduce_sum(probability * target, axis=[1, 2, 3])
    union = tf.reduce_sum(probability + target - probability * target, axis=[1, 2, 3])
    visible = tf.cast(tf.reduce_any(labels == TARGET, axis=[1, 2]), tf.float32)
    return tf.reduce_mean(visible * (1.0 - intersection / tf.maximum(union, 1.0)))


def mean_of_clips(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Each clip's mean over its labelled cells, then the mean over clips.

    So the mean of the losses of equal parts of a batch, on several devices, is the loss of the batch.

    Args:
        values: (B, h, w, C).
        known: share of each cell that is labelled (B, h, w, 1), in [0, 1].
    """
    total = tf.reduce_sum(known, axis=[1, 2, 3])
    means = tf.reduce_sum(values * known, axis=[1, 2, 3]) / (values.shape[-1] * tf.maximum(total, 1.0))
    return tf.reduce_mean(means)
