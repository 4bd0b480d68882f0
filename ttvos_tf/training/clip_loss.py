"""The loss of a clip: the network unrolled over its frames (Eq. 5), back-propagated through the recurrence."""

from collections.abc import Iterator
from typing import NamedTuple

from ttvos_tf.compat import tf
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.loader import Batch
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
    model: TTVOS, batch: Batch, known_frames: int = 1, training: bool = False
) -> Iterator[tuple[int, tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Runs the network over clips, the backbone over all their frames at once.

    Args:
        model: the network.
        batch: clips.
        known_frames: frames at the beginning that are not segmented, for their masks are known. The first one is the
            given frame. If there is a second one, the given frame may be far from it: the network goes on from the
            second one's mask and features, and the template stays the given frame's.
        training: batch norms use the batch's statistics.

    Yields:
        For each frame t = known_frames .. T-1: t, logit (B, H, W, 1), similarity features (B, H/8, W/8, C8), and the
        heatmap H_hat_{t-1} (B, H/8, W/8, 2) that they were made from.
    """
    count, length = batch.frames.shape[:2]
    maps = model.encode(tf.reshape(batch.frames, [count * length, *batch.frames.shape[2:]]), training=training)
    over_time = {name: tf.reshape(values, [count, length, *values.shape[1:]]) for name, values in maps.items()}
    features = [{name: values[:, t] for name, values in over_time.items()} for t in range(length)]
    given = model.init_from_features(features[0], _foreground(batch.first_masks), training=training)
    previous, last = _foreground(batch.previous_masks), known_frames - 1
    state = given
    if last > 0:  # the memory may take this frame in
        state = model.update(features[last], previous, given, training=training, remember=batch.remembered[:, last])
    state = state | {
        "state_mask": model.initial_mask_state(previous),
        "state_feat16": features[last]["feat16"],
        "state_template": given["state_template"],
        "state_count": given["state_count"],
    }
    for t in range(known_frames, length):
        logit, similarity = model.segment(features[t], state, training=training)
        yield t, logit, similarity, state["state_mask"][..., :2]
        if t + 1 < length:
            probability, remember = foreground_probability(logit), batch.remembered[:, t]
            state = model.update(features[t], probability, state, training=training, remember=remember)


def clip_loss(
    model: TTVOS, batch: Batch, weights: LossWeights, known_frames: int = 1, training: bool = True
) -> ClipLoss:
    """Eq. 5 over clips, and the Jaccard loss.

    Args:
        model: the network.
        batch: clips.
        weights: of the loss's terms.
        known_frames: see unroll.
        training: batch norms use the batch's statistics.
    """
    transition_loss = TemporalConsistencyLoss()
    entropies, jaccards, transitions = [], [], []
    for t, logit, similarity, previous in unroll(model, batch, known_frames, training):
        labels = batch.masks[:, t]
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


def mask_distillation_loss(model: TTVOS, teacher: TTVOS, batch: Batch, known_frames: int = 1) -> ClipLoss:
    """How far a network's masks are from a teacher's over clips, each going on from its own: a divergence, 0 if equal.

    Args:
        model: the network, in training mode.
        teacher: a network that stays as it is.
        batch: clips.
        known_frames: see unroll.
    """
    divergences = []
    pairs = zip(unroll(model, batch, known_frames, training=True), unroll(teacher, batch, known_frames), strict=True)
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
