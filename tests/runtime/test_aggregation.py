import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.network.heatmap import foreground_probability
from ttvos_tf.runtime.aggregation import soft_aggregate


def by_odds(p):
    """Section 3.1 by its words: p (K, ...) foreground probabilities -> (K + 1, ...)."""
    odds = [np.min(1 - p, axis=0) / np.max(p, axis=0), *(p / (1 - p))]
    return np.stack(odds) / np.sum(odds, axis=0)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(0, 1000))
def test_equals_odds(objects, seed):
    logits = np.random.default_rng(seed).normal(scale=3, size=(objects, 4, 5))
    got = soft_aggregate(logits)
    np.testing.assert_allclose(got, by_odds(1 / (1 + np.exp(-logits))), rtol=1e-6)
    np.testing.assert_allclose(got.sum(axis=0), 1)


def test_one_object_is_a_sigmoid_of_twice_the_logit():
    d = np.linspace(-5, 5, 11, dtype=np.float32)
    np.testing.assert_allclose(soft_aggregate(d[None])[1], 1 / (1 + np.exp(-2 * d)), rtol=1e-5)
    np.testing.assert_allclose(foreground_probability(d), soft_aggregate(d[None])[1], rtol=1e-5)


def test_large_logits_do_not_overflow():
    got = soft_aggregate(np.array([[1000.0], [999.0]], np.float32))
    assert np.isfinite(got).all()
    assert got[1, 0] > got[2, 0] > got[0, 0]
