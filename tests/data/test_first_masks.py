import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.data.first_masks import damaged


def rectangle(x, y, width, height):
    mask = np.zeros((48, 64), np.uint8)
    mask[y : y + height, x : x + width] = 1
    return mask


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 63), st.integers(0, 47), st.integers(1, 64), st.integers(1, 48))
def test_any_mask_can_be_damaged(seed, x, y, width, height):
    mask = rectangle(x, y, width, height)
    before = mask.copy()
    result = damaged(np.random.default_rng(seed), mask)
    assert result.shape == mask.shape and result.dtype == np.uint8 and result.max() <= 1
    np.testing.assert_array_equal(mask, before)


def test_every_mistake_happens():
    mask = rectangle(20, 16, 20, 16)
    part, caught, moved = 0, 0, 0
    for seed in range(200):
        result = damaged(np.random.default_rng(seed), mask)
        if (result <= mask).all():
            part += 1
            assert 0.1 < result.sum() / mask.sum() <= 1
        elif (result >= mask).all():
            caught += 1
            assert result.sum() <= 2.2 * mask.sum()
        else:
            moved += 1
    assert part > 50 and caught > 50 and moved > 20
