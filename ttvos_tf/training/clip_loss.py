"""The loss of a clip: the network unrolled over its frames (Eq. 5), back-propagated through the recurrence."""

from typing import NamedTuple

from ttvos_tf.compat import tf
from ttvos_tf.losses import VOID, TemporalConsistencyLoss, cross_entropy
from ttvos_tf.model import TTVOS, Features, foreground, pool_mask


class ClipLoss(NamedTuple):
    """Scalars, means over the clip's frames but the first."""

    total: tf.Tensor
    cross_entropy: tf.Tensor
    transition: tf.Tensor


def unroll(model: TTVOS, frames: tf.Tensor, first_mask: tf.Tensor, training: bool = False):
    """Runs the network over a clip, the backbone over all its frames at once.

    Args:
        model: the network.
        frames: uint8 RGB (B, T, H, W, 3).
        first_mask: foreground probability of the first frame (B, H, W, 1).
        training: batch norms use the batch's statistics.

    Yields:
        For each frame t = 1 .. T-1: t, logit (B, H, W, 1), similarity features (B, H/8, W/8, C8), and the heatmap
        H_hat_{t-1} (B, H/8, W/8, 2) that they were made from.
    """
    batch, length = frames.shape[:2]
    maps = model.encode(tf.reshape(frames, [batch * length, *frames.shape[2:]]), training=training)
    over_time = [tf.reshape(each, [batch, length, *each.shape[1:]]) for each in maps]
    features = [Features(*(each[:, t] for each in over_time)) for t in range(length)]
    state = model.start(features[0], first_mask, training=training)
    for t in range(1, length):
        logit, similarity = model.segment(features[t], state, training=training)
        yield t, logit, similarity, state["state_mask"][..., :2]
        if t + 1 < length:
            state = model.update(features[t], foreground(logit), state, training=training)


def clip_loss(
    model: TTVOS,
    frames: tf.Tensor,
    masks: tf.Tensor,
    first_mask: tf.Tensor,
    transition_weight: float,
    training: bool = True,
) -> ClipLoss:
    """Eq. 5 over a clip.

    Args:
        model: the network.
        frames: uint8 RGB (B, T, H, W, 3).
        masks: uint8 (B, T, H, W): 1 target, 0 rest, 255 void.
        first_mask: uint8 (B, H, W), what the network is given for the first frame: exact or box-shaped.
        transition_weight: lambda; 0 leaves the temporal consistency loss out.
        training: batch norms use the batch's statistics.
    """
    transition_loss = TemporalConsistencyLoss()
    entropies, transitions = [], []
    given = tf.cast(first_mask == 1, tf.float32)[..., None]
    for t, logit, similarity, previous in unroll(model, frames, given, training):
        labels = masks[:, t]
        entropies.append(cross_entropy(logit, labels))
        if transition_weight:
            heatmap = pool_mask(tf.cast(labels == 1, tf.float32)[..., None])
            known = tf.nn.avg_pool2d(tf.cast(labels != VOID, tf.float32)[..., None], 8, 8, "VALID")
            pi_hat = model.transition(similarity, training=training)
            transitions.append(transition_loss(pi_hat, heatmap, previous, known))
    entropy = tf.add_n(entropies) / len(entropies)
    transition = tf.add_n(transitions) / len(transitions) if transitions else tf.zeros([])
    return ClipLoss(entropy + transition_weight * transition, entropy, transition)


def imitation_loss(model: TTVOS, teacher: TTVOS, frames: tf.Tensor, first_mask: tf.Tensor) -> ClipLoss:
    """How far a network's masks are from a teacher's over a clip, each going on from its own: a divergence, 0 if equal.

    Args:
        model: the network, in training mode.
        teacher: a network that stays as it is.
        frames: uint8 RGB (B, T, H, W, 3).
        first_mask: uint8 (B, H, W), what both are given for the first frame.
    """
    given = tf.cast(first_mask == 1, tf.float32)[..., None]
    divergences = []
    pairs = zip(unroll(model, frames, given, training=True), unroll(teacher, frames, given), strict=True)
    for (_, logit, *_), (_, wanted, *_) in pairs:
        target = tf.stop_gradient(tf.sigmoid(wanted))
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(target, logit)
        divergences.append(tf.reduce_mean(entropy - tf.nn.sigmoid_cross_entropy_with_logits(target, wanted)))
    divergence = tf.add_n(divergences) / len(divergences)
    return ClipLoss(divergence, divergence, tf.zeros([]))
