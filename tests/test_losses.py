"""Eq. 4 and 5 against NumPy."""

import numpy as np
import pytest

from ttvos_tf.compat import tf
from ttvos_tf.contract import VOID
from ttvos_tf.losses import LossWeights, TemporalConsistencyLoss, cross_entropy, jaccard_loss, total_loss


def test_total_loss_is_equation_5_and_the_jaccard_loss_beside_it():
    entropy, transition, jaccard = (tf.constant(value) for value in (0.7, 0.02, 0.4))
    assert total_loss(entropy, transition, jaccard, LossWeights(transition=5)).numpy() == pytest.approx(0.7 + 5 * 0.02)
    assert total_loss(entropy, transition, jaccard, LossWeights(5, 0.5)).numpy() == pytest.approx(0.7 + 0.1 + 0.2)


def test_cross_entropy_is_that_of_the_softmax():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 4, 5, 2)).astype(np.float32)
    labels = rng.integers(0, 2, (2, 4, 5)).astype(np.uint8)
    labels[0, :2] = VOID
    e = np.exp(logits)
    softmax = e / e.sum(axis=-1, keepdims=True)
    expected = [
        np.mean([-np.log(softmax[b][i][labels[b][i]]) for i in np.ndindex(4, 5) if labels[b][i] != VOID])
        for b in range(2)
    ]
    np.testing.assert_allclose(cross_entropy(logits[..., 1:] - logits[..., :1], labels), np.mean(expected), rtol=1e-5)


def test_losses_of_parts_of_a_batch_add_up():
    # What lets several devices share a batch, though one part has more void pixels than the other.
    rng = np.random.default_rng(2)
    logit = rng.normal(size=(4, 6, 6, 1)).astype(np.float32)
    labels = rng.choice(np.array([0, 1, VOID], np.uint8), (4, 6, 6))
    labels[3] = VOID
    parts = [cross_entropy(logit[i : i + 2], labels[i : i + 2]) for i in (0, 2)]
    np.testing.assert_allclose(np.mean(parts), cross_entropy(logit, labels), rtol=1e-5)
    now, before, pi_hat = rng.random((3, 4, 3, 3, 2)).astype(np.float32)
    known = rng.random((4, 3, 3, 1)).astype(np.float32)
    loss = TemporalConsistencyLoss()
    parts = [loss(pi_hat[i : i + 2], now[i : i + 2], before[i : i + 2], known[i : i + 2]) for i in (0, 2)]
    np.testing.assert_allclose(np.mean(parts), loss(pi_hat, now, before, known), rtol=1e-5)


def test_jaccard_loss_is_one_minus_j_of_soft_masks():
    rng = np.random.default_rng(3)
    logit = rng.normal(size=(3, 5, 6, 1)).astype(np.float32)
    labels = rng.choice(np.array([0, 1, VOID], np.uint8), (3, 5, 6))
    labels[2][labels[2] == 1] = 0  # hidden: nothing to overlap with
    expected = 0.0
    for d, label in zip(logit[..., 0], labels, strict=True):
        p, y = 1 / (1 + np.exp(-d[label != VOID])), label[label != VOID]
        expected += (1 - (p * y).sum() / (p + y - p * y).sum()) / 3 if y.any() else 0
    np.testing.assert_allclose(jaccard_loss(logit, labels), expected, rtol=1e-5)
    perfect = np.where(labels == 1, 50.0, -50.0)[..., None].astype(np.float32)
    np.testing.assert_allclose(jaccard_loss(perfect, labels), 0, atol=1e-6)


def test_void_pixels_have_no_gradient():
    labels = np.full((1, 2, 2), VOID, np.uint8)
    labels[0, 0, 0] = 1
    logit = tf.Variable(tf.zeros((1, 2, 2, 1)))
    with tf.GradientTape() as tape:
        loss = cross_entropy(logit, labels)
    gradient = tape.gradient(loss, logit).numpy()[0]
    assert gradient[0, 0].any()
    assert not gradient[0, 1].any() and not gradient[1].any()


def test_transition_loss_is_equation_4():
    rng = np.random.default_rng(1)
    pi_hat = rng.uniform(-1, 1, (2, 3, 4, 2)).astype(np.float32)
    now, before = rng.random((2, 2, 3, 4, 2)).astype(np.float32)
    known = np.ones((2, 3, 4, 1), np.float32)
    expected = np.mean((pi_hat - (now - before)) ** 2)
    np.testing.assert_allclose(TemporalConsistencyLoss()(pi_hat, now, before, known), expected, rtol=1e-5)
    assert TemporalConsistencyLoss()(now - before, now, before, known) < 1e-12


def test_transition_target_is_a_label():
    pi_hat, before = tf.Variable(tf.zeros((1, 2, 2, 2))), tf.Variable(tf.fill((1, 2, 2, 2), 0.3))
    with tf.GradientTape() as tape:
        loss = TemporalConsistencyLoss()(pi_hat, tf.ones((1, 2, 2, 2)), before, tf.ones((1, 2, 2, 1)))
    to_pi_hat, to_before = tape.gradient(loss, [pi_hat, before])
    assert np.abs(to_pi_hat).min() > 0
    assert to_before is None


def test_unlabelled_cells_do_not_count():
    pi_hat = np.zeros((1, 1, 2, 2), np.float32)
    now = np.array([[[[0.5, 0.5], [1, 1]]]], np.float32)
    known = np.array([[[[1.0], [0.0]]]], np.float32)
    np.testing.assert_allclose(TemporalConsistencyLoss()(pi_hat, now, np.zeros_like(now), known), 0.25)
