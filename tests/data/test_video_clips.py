import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.data.video_clips import random_order


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 90), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32))
def test_order(available, length, strides, seed):
    order = random_order(np.random.default_rng(seed), available, length, strides, fast=0.2)
    assert order.shape == (length,)
    assert order.min() >= 0
    assert order.max() < available
    steps = np.diff(order)
    if available >= length:
        assert len(set(steps)) <= 1
        assert available == 1 or not len(steps) or 1 <= abs(steps[0]) <= 2 * strides
    else:
        assert set(np.abs(steps)) <= ({1} if available > 1 else {0})


def test_both_directions_and_all_strides_are_drawn():
    steps = [int(np.diff(random_order(np.random.default_rng(seed), 90, 4, 5, fast=0.2))[0]) for seed in range(400)]
    assert set(range(-5, 6)) - {0} <= set(steps)
    assert max(np.abs(steps)) > 5
