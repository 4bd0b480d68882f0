import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ttvos_tf.evaluation.jaccard import jaccard

MASK_PAIRS = array_shapes(min_dims=2, max_dims=2, max_side=20).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def test_known_values():
    left, right = np.zeros((4, 6), bool), np.zeros((4, 6), bool)
    left[:, :4], right[:, 2:] = True, True
    empty, full = np.zeros((4, 6), bool), np.ones((4, 6), bool)
    assert jaccard(left, right) == 8 / 24
    assert jaccard(left, full) == 16 / 24
    assert jaccard(left, empty) == jaccard(empty, left) == 0
    assert jaccard(empty, empty) == 1


@settings(max_examples=100, deadline=None)
@given(MASK_PAIRS)
def test_properties(masks):
    a, b = masks
    pixels_a, pixels_b = set(zip(*np.nonzero(a), strict=True)), set(zip(*np.nonzero(b), strict=True))
    expected = len(pixels_a & pixels_b) / len(pixels_a | pixels_b) if pixels_a | pixels_b else 1
    assert jaccard(a, b) == expected == jaccard(b, a)
    assert jaccard(a, a) == 1
    assert jaccard(a, ~a) == 0
