import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.data.augment import Colors, Window, bounding_box, crop_and_resize, random_window


@st.composite
def boxes(draw):
    height, width = draw(st.integers(8, 300)), draw(st.integers(8, 300))
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return (height, width), Window(x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))


@settings(max_examples=200, deadline=None)
@given(boxes(), st.integers(0, 2**32))
def test_window_lies_in_the_image_and_keeps_the_box(case, seed):
    (height, width), box = case
    window = random_window(np.random.default_rng(seed), box, (height, width), (240, 432), scales=(0.6, 1.0))
    assert 0 <= window.x <= window.x + window.width <= width
    assert 0 <= window.y <= window.y + window.height <= height
    across = min(window.x + window.width, box.x + box.width) - max(window.x, box.x)
    down = min(window.y + window.height, box.y + box.height) - max(window.y, box.y)
    assert across == min(window.width, box.width)
    assert down == min(window.height, box.height)


def test_window_has_the_target_aspect_and_size():
    windows = [
        random_window(np.random.default_rng(seed), Window(400, 200, 9, 9), (480, 854), (240, 432), scales=(0.6, 1.0))
        for seed in range(100)
    ]
    aspects = np.array([window.width / window.height for window in windows])
    assert aspects.min() > 1.8 * 0.89
    assert aspects.max() < 1.8 * 1.11
    heights = np.array([window.height for window in windows]) / 480
    assert heights.min() > 0.5
    assert heights.max() <= 1
    assert np.ptp(heights) > 0.2


def test_bounding_box():
    mask = np.zeros((20, 30), bool)
    mask[4:9, 11] = mask[6, 3] = True
    assert bounding_box(mask) == Window(x=3, y=4, width=9, height=5)


def test_shrinking_averages():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    small = crop_and_resize(image, Window(10, 20, 40, 20), (5, 10))
    cells = image[20:40, 10:50].reshape(5, 4, 10, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - cells).max() <= 0.51


def test_colors_are_the_affine_map_and_the_curve():
    colors = Colors.random(np.random.default_rng(3))
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    mapped = image @ colors.matrix[:, :3].T.astype(np.float64) + colors.matrix[:, 3]
    expected = colors.curve[np.clip(np.round(mapped), 0, 255).astype(int)].astype(int)
    assert np.abs(colors(image) - expected).max() <= 3  # a rounding difference of 1, times the slope of the curve
    assert np.all(np.diff(colors.curve.astype(int)) >= 0)


def test_colors_of_no_strength_change_nothing():
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    assert np.abs(Colors.random(np.random.default_rng(0), strength=0.0)(image).astype(int) - image).max() <= 1


def test_more_light_is_brighter():
    colors = Colors.random(np.random.default_rng(0))
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert colors.lit(0.9)(grey).mean() < colors(grey).mean() < colors.lit(1.1)(grey).mean()


@pytest.mark.parametrize("seed", range(20))
def test_colors_leave_contrast(seed):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.ptp(Colors.random(np.random.default_rng(seed))(ramp).astype(int).mean(axis=-1)) > 100
