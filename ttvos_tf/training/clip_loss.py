"""The loss of a clip: the network unrolled over its frames (Eq. 5), back-propagated through the recurrence."""

from collections.abc import Iterator
from typing import NamedTuple

from ttvos_tf.compat import tf
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.losses import LossWeights, TemporalConsistencyLoss, cross_entropy, jaccard_loss, total_loss
from ttvos_tf.network.heatmap import foreground_probability, pool_mask
from ttvos_tf.network.ttvos import TTVOS


class ClipLoss(NamedTuple):
    """Scalars, means over the clip's frames but those whose masks are known."""

    total: tf.Tensor
    cross_entropy: tf.Tensor
    jaccard: tf.Tensor
    transition: tf.Tensor


def unroll(
    model: TTVOS,
    frames: tf.Tensor,
    first_mask: tf.Tensor,
    previous: tf.Tensor | None = None,
    known_frames: int = 1,
    training: bool = False,
) -> Iterator[tuple[int, tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Runs the network over a clip, the backbone over all its frames at once.

    Args:
        model: the network.
        frames: uint8 RGB (B, T, H, W, 3).
        first_mask: foreground probability of the first frame (B, H, W, 1).
        previous: mask (B, H, W, 1) of the last known frame, which the network goes on from; None: the first mask. The
            template is that of the first frame and mask in any case.
        known_frames: frames at the beginning that are not segmented. From 2 on, only the first one is the given frame,
            which may be far from the others.
        training: batch norms use the batch's statistics.

    Yields:
        For each frame t = known_frames .. T-1: t, logit (B, H, W, 1), similarity features (B, H/8, W/8, C8), and the
        heatmap H_hat_{t-1} (B, H/8, W/8, 2) that they were made from.
    """
    batch, length = frames.shape[:2]
    maps = model.encode(tf.reshape(frames, [batch * length, *frames.shape[2:]]), training=training)
    over_time = {name: tf.reshape(values, [batch, length, *values.shape[1:]]) for name, values in maps.items()}
    features = [{name: values[:, t] for name, values in over_time.items()} for t in range(length)]
    state = model.init_from_features(features[0], first_mask, training=training)
    state["state_feat16"] = features[known_frames - 1]["feat16"]
    if previous is not None:
        state["state_mask"] = model.initial_mask_state(previous)
    for t in range(known_frames, length):
        logit, similarity = model.segment(features[t], state, training=training)
        yield t, logit, similarity, state["state_mask"][..., :2]
        if t + 1 < length:
            state = model.update(features[t], foreground_probability(logit), state, training=training)


def clip_loss(
    model: TTVOS,
    frames: tf.Tensor,
    masks: tf.Tensor,
    first_mask: tf.Tensor,
    weights: LossWeights,
    previous_mask: tf.Tensor | None = None,
    known_frames: int = 1,
    training: bool = True,
) -> ClipLoss:
    """Eq. 5 over a clip, and the Jaccard loss.

    Args:
        model: the network.
        frames: uint8 RGB (B, T, H, W, 3).
        masks: uint8 (B, T, H, W): 1 target, 0 rest, 255 void.
        first_mask: uint8 (B, H, W), what the network is given for the first frame: exact or box-shaped.
        weights: of the loss's terms.
        previous_mask: uint8 (B, H, W), of the last known frame, perhaps with a mistake for the network to leave behind;
            None: the first mask.
        known_frames: see unroll.
        training: batch norms use the batch's statistics.
    """
    transition_loss = TemporalConsistencyLoss()
    entropies, jaccards, transitions = [], [], []
    first = _foreground(first_mask)
    start = None if previous_mask is None else _foreground(previous_mask)
    for t, logit, similarity, previous in unroll(model, frames, first, start, known_frames, training):
        labels = masks[:, t]
        entropies.append(cross_entropy(logit, labels))
        if weights.jaccard:
            jaccards.append(jaccard_loss(logit, labels))
        if weights.transition:
            heatmap = pool_mask(_foreground(labels))
            known = tf.nn.avg_pool2d(tf.cast(labels != VOID, tf.float32)[..., None], 8, 8, "VALID")
            pi_hat = model.transition_head(similarity, training=training)
            transitions.append(transition_loss(pi_hat, heatmap, previous, known))
    entropy, jaccard, transition = (_mean(terms) for terms in (entropies, jaccards, transitions))
    total = total_loss(entropy, transition, jaccard, weights)
    return ClipLoss(total, entropy, jaccard, transition)


def mask_distillation_loss(
    model: TTVOS,
    teacher: TTVOS,
    frames: tf.Tensor,
    first_mask: tf.Tensor,
    previous_mask: tf.Tensor | None = None,
    known_frames: int = 1,
) -> ClipLoss:
    """How far a network's masks are from a teacher's over a clip, each going on from its own: a divergence, 0 if equal.

    Args:
        model: the network, in training mode.
        teacher: a network that stays as it is.
        frames: uint8 RGB (B, T, H, W, 3).
        first_mask, previous_mask, known_frames: what both are given, see clip_loss.
    """
    first = _foreground(first_mask)
    start = None if previous_mask is None else _foreground(previous_mask)
    divergences = []
    ours = unroll(model, frames, first, start, known_frames, training=True)
    pairs = zip(ours, unroll(teacher, frames, first, start, known_frames), strict=True)
    for (_, logit, *_), (_, wanted, *_) in pairs:
        target = tf.stop_gradient(tf.sigmoid(wanted))
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(target, logit)
        divergences.append(tf.reduce_mean(entropy - tf.nn.sigmoid_cross_entropy_with_logits(target, wanted)))
    divergence = _mean(divergences)
    return ClipLoss(divergence, divergence, tf.zeros([]), tf.zeros([]))


def _foreground(labels: tf.Tensor) -> tf.Tensor:
    """Labels uint8 (B, H, W) -> the target's probability (B, H, W, 1), 0 or 1."""
    return tf.cast(labels == TARGET, tf.float32)[..., None]


def _mean(terms: list[tf.Tensor]) -> tf.Tensor:
    return tf.add_n(terms) / len(terms) if terms else tf.zeros([])
