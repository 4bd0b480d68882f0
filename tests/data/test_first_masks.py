import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.contract import VOID
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.first_masks import box_mask, corrupt_mask, first_mask, previous_mask, remembered_frames

SHARES = (0.4, 0.4, 0.2)


def rectangle(x, y, width, height):
    mask = np.zeros((48, 64), np.uint8)
    mask[y : y + height, x : x + width] = 1
    return mask


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 63), st.integers(0, 47), st.integers(1, 64), st.integers(1, 48))
def test_any_mask_can_be_damaged(seed, x, y, width, height):
    mask = rectangle(x, y, width, height)
    before = mask.copy()
    result = corrupt_mask(np.random.default_rng(seed), mask, SHARES)
    assert result.shape == mask.shape and result.dtype == np.uint8 and result.max() <= 1
    np.testing.assert_array_equal(mask, before)


def test_every_mistake_happens():
    mask = rectangle(20, 16, 20, 16)
    part, caught, moved = 0, 0, 0
    for seed in range(200):
        result = corrupt_mask(np.random.default_rng(seed), mask, SHARES)
        if (result <= mask).all():
            part += 1
            assert 0.1 < result.sum() / mask.sum() <= 1
        elif (result >= mask).all():
            caught += 1
            assert result.sum() <= 2.2 * mask.sum()
        else:
            moved += 1
    assert part > 50 and caught > 50 and moved > 20


def test_box_covers_the_target():
    mask = np.zeros((6, 8), np.uint8)
    mask[1, 2] = mask[3, 6] = 1
    mask[5, 0] = VOID
    expected = np.zeros_like(mask)
    expected[1:4, 2:7] = 1
    np.testing.assert_array_equal(box_mask(mask), expected)
    assert not box_mask(np.zeros_like(mask)).any()


def test_shares_of_boxes_and_of_mistakes():
    mask = rectangle(20, 16, 20, 16)
    mask[16, 20] = 0
    rng, augmentation = np.random.default_rng(0), Augmentation(box_probability=0.25, damage_probability=0.5)
    for make, share in ((first_mask, 0.25), (previous_mask, 0.5)):
        changed = [not np.array_equal(make(rng, mask, augmentation), mask) for _ in range(400)]
        assert abs(np.mean(changed) - share) < 0.1
        assert make(rng, mask, Augmentation()) is mask


@pytest.mark.parametrize(("share", "expected"), [(0, [1, 1, 1, 1, 1]), (1, [1, 0, 1, 0, 1]), (2, [0, 1, 0, 0, 1])])
def test_the_memory_takes_in_every_so_many_frames(share, expected):
    """Counted from the given frame, 0; the second frame is known, and is taken in by a draw of its own."""
    augmentation = Augmentation(far_probability=1.0, remember_shares=tuple(float(i == share) for i in range(4)))
    drawn = [remembered_frames(np.random.default_rng(seed), 7, augmentation) for seed in range(200)]
    assert {tuple(frames[2:]) for frames in drawn} == {tuple(expected)}
    assert 0.4 < np.mean([frames[1] for frames in drawn]) < 0.6
    assert drawn[0].dtype == np.float32


def test_the_memory_takes_in_nothing_in_some_clips():
    augmentation = Augmentation(remember_shares=(0.0, 1.0))
    assert not any(remembered_frames(np.random.default_rng(seed), 7, augmentation)[1:].any() for seed in range(20))
    assert remembered_frames(np.random.default_rng(0), 1, Augmentation(far_probability=1.0)).shape == (1,)
