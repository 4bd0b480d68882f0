"""Eq. 4 and 5 against NumPy."""

import numpy as np

from ttvos_tf.compat import tf
from ttvos_tf.losses import VOID, TemporalConsistencyLoss, cross_entropy


def test_cross_entropy_is_that_of_the_softmax():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 4, 5, 2)).astype(np.float32)
    labels = rng.integers(0, 2, (2, 4, 5)).astype(np.uint8)
    labels[0, :2] = VOID
    e = np.exp(logits)
    softmax = e / e.sum(axis=-1, keepdims=True)
    expected = [-np.log(softmax[i][labels[i]]) for i in np.ndindex(labels.shape) if labels[i] != VOID]
    np.testing.assert_allclose(cross_entropy(logits, labels), np.mean(expected), rtol=1e-5)


def test_void_pixels_have_no_gradient():
    labels = np.full((1, 2, 2), VOID, np.uint8)
    labels[0, 0, 0] = 1
    logits = tf.Variable(tf.zeros((1, 2, 2, 2)))
    with tf.GradientTape() as tape:
        loss = cross_entropy(logits, labels)
    gradient = tape.gradient(loss, logits).numpy()[0]
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
