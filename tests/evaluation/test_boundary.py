import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ttvos_tf.evaluation import boundary
from ttvos_tf.evaluation.boundary import boundary_f, boundary_map, disk, tolerance_radius

MASK_PAIRS = array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def oracle_boundary(mask):
    """Pixel by pixel, from the definition: one of the three next pixels inside the image has the other value."""
    height, width = mask.shape
    return {
        (y, x)
        for y in range(height)
        for x in range(width)
        for ny, nx in ((y, x + 1), (y + 1, x), (y + 1, x + 1))
        # Beyond the last row or column, only the neighbour along it counts.
        if mask[y, x] != mask[min(ny, height - 1), min(nx, width - 1)]
    }


def oracle_f(prediction, truth, radius):
    """Pair by pair: a boundary pixel is matched if any of the other boundary's pixels lies within the radius."""
    predicted, true = oracle_boundary(prediction), oracle_boundary(truth)

    def matched(pixels, others):
        return sum(any((y - v) ** 2 + (x - u) ** 2 <= radius**2 for v, u in others) for y, x in pixels)

    if not predicted and not true:
        return 1.0
    precision = matched(predicted, true) / len(predicted) if predicted else 1.0
    recall = matched(true, predicted) / len(true) if true else 1.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def square(size, start, stop):
    mask = np.zeros((size, size), bool)
    mask[start:stop, start:stop] = True
    return mask


def test_tolerance():
    assert tolerance_radius(480, 854) == 8
    assert tolerance_radius(240, 432) == math.ceil(0.008 * math.hypot(240, 432))
    assert tolerance_radius(1, 1) == 1


@pytest.mark.parametrize("radius", [0, 1, 2, 8])
def test_disk(radius):
    expected = [
        [int(math.hypot(x, y) <= radius) for x in range(-radius, radius + 1)] for y in range(-radius, radius + 1)
    ]
    np.testing.assert_array_equal(disk(radius), expected)


def test_boundary_of_a_square_lies_half_a_pixel_towards_the_origin():
    expected = square(8, 1, 6)
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(boundary_map(square(8, 2, 6)), expected)


def test_degenerate_masks():
    empty, full, some = np.zeros((30, 40), bool), np.ones((30, 40), bool), np.zeros((30, 40), bool)
    some[5:20, 5:30] = True
    assert boundary_f(empty, empty) == boundary_f(full, full) == 1
    assert boundary_f(some, empty) == boundary_f(empty, some) == boundary_f(full, some) == 0
    # Neither has a boundary: the benchmark calls that a match.
    assert boundary_f(full, empty) == boundary_f(empty, full) == 1


def test_shift_within_the_tolerance_is_forgiven_and_beyond_is_not():
    truth = square(200, 50, 120)  # a tolerance of 3 pixels
    assert boundary_f(np.roll(truth, 3, axis=1), truth) == 1
    assert boundary_f(np.roll(truth, 4, axis=1), truth) < 1
    assert boundary_f(np.roll(truth, 70, axis=0), truth) < 0.5


@settings(max_examples=150, deadline=None)
@given(MASK_PAIRS, st.sampled_from([0.008, 0.1, 0.25]))
def test_equals_the_oracle(masks, tolerance):
    prediction, truth = masks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundary, "TOLERANCE", tolerance)
        radius = tolerance_radius(*truth.shape)
        assert boundary_f(prediction, truth) == pytest.approx(oracle_f(prediction, truth, radius), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(MASK_PAIRS)
def test_properties(masks):
    a, b = masks
    assert 0 <= boundary_f(a, b) <= 1
    # Precision and recall change places.
    assert boundary_f(a, b) == pytest.approx(boundary_f(b, a), abs=1e-12)
    assert boundary_f(a, a) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30), st.integers(-6, 6))
def test_cropping_changes_nothing(y, x, height, width, shift):
    truth = np.zeros((64, 64), bool)  # the rectangle reaches the borders, and is cut there
    truth[y : y + height, x : x + width] = True
    prediction = np.roll(truth, shift, axis=(0, 1))
    cropped = boundary_f(prediction, truth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundary, "_window", lambda union: (slice(None), slice(None)))
        assert boundary_f(prediction, truth) == cropped
