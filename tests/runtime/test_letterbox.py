import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics import iou
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.sizes import parse_size
from ttvos_tf.runtime.letterbox import letterbox

MODELS = st.sampled_from([(64, 96), (240, 432), (480, 864), (96, 64)])


@settings(max_examples=60, deadline=None)
@given(height=st.integers(16, 700), width=st.integers(16, 1100), model=MODELS)
def test_any_frame_goes_in_and_comes_back_with_its_size(height, width, model):
    placed = letterbox((height, width), model)
    frame = np.zeros((height, width, 3), np.uint8)
    image = placed.frame_to_model(frame)
    mask = placed.mask_to_model(np.ones((height, width), bool))
    assert (image.shape, image.dtype) == ((1, *model, 3), np.uint8)
    assert (mask.shape, mask.dtype) == ((1, *model, 1), np.float32)
    assert placed.map_to_source(mask[0, ..., 0]).shape == (height, width)
    # The aspect is kept, to a pixel of rounding in the smaller picture.
    assert abs(placed.inner[0] * width / height - placed.inner[1]) <= max(1.0, width / height) + 1e-6
    # The input is used in full in one dimension, or nearly where nothing is resampled.
    assert max(placed.inner[0] / model[0], placed.inner[1] / model[1]) >= 0.9


@settings(max_examples=40, deadline=None)
@given(below=st.integers(0, 40), right=st.integers(0, 9), seed=st.integers(0, 99))
def test_a_frame_that_nearly_fills_the_model_keeps_every_bit(below, right, seed):
    rng = np.random.default_rng(seed)
    model, source = (64, 96), (64 - below, 96 - right)
    frame = rng.integers(0, 256, (*source, 3), np.uint8)
    soft = rng.random(model, np.float32)
    placed = letterbox(source, model)
    image = placed.frame_to_model(frame)[0]
    np.testing.assert_array_equal(image[: source[0], : source[1]], frame)
    np.testing.assert_array_equal(image, np.pad(frame, ((0, below), (0, right), (0, 0)), mode="edge"))
    np.testing.assert_array_equal(placed.map_to_source(soft), soft[: source[0], : source[1]])


@pytest.mark.parametrize(
    ("source", "model", "inner"),
    [
        ((480, 854), (480, 864), (480, 854)),
        ((240, 427), (240, 432), (240, 427)),
        ((480, 864), (480, 864), (480, 864)),
        ((1080, 1920), (480, 864), (480, 853)),  # shrunk
        ((1920, 1080), (480, 864), (480, 270)),  # portrait
        ((120, 214), (480, 864), (480, 856)),  # grown: it would fill a quarter
        ((480, 1000), (480, 864), (415, 864)),  # too wide, though not too high
        ((16, 4000), (480, 864), (3, 864)),
    ],
)
def test_known_places(source, model, inner):
    assert letterbox(source, model).inner == inner


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(48, 500),
    width=st.integers(48, 900),
    centre=st.tuples(st.floats(0.35, 0.65), st.floats(0.35, 0.65)),
    radius=st.floats(0.25, 0.35),
)
def test_a_mask_survives_the_way_there_and_back(height, width, centre, radius):
    rows, columns = np.ogrid[:height, :width]
    mask = (rows / height - centre[0]) ** 2 + (columns / width - centre[1]) ** 2 < radius**2
    placed = letterbox((height, width), (240, 432))
    back = placed.map_to_source(placed.mask_to_model(mask)[0, ..., 0]) > 0.5
    assert iou(mask, back) > 0.95


def test_a_shrunk_mask_holds_the_share_of_each_pixel_that_is_covered():
    mask = np.zeros((128, 192), bool)
    mask[:, :3] = True  # one and a half of the model's columns
    soft = letterbox((128, 192), (64, 96)).mask_to_model(mask)[0, ..., 0]
    np.testing.assert_allclose(soft[:, :3], np.tile([1, 0.5, 0], (64, 1)))


def test_the_way_back_is_centred():
    """Half a pixel off would show as a slope that starts at another value."""
    ramp = np.tile((np.arange(96, dtype=np.float32) + 0.5) / 96, (64, 1))
    back = letterbox((128, 192), (64, 96)).map_to_source(ramp)
    expected = (np.arange(192) + 0.5) / 192
    np.testing.assert_allclose(back[0, 2:-2], expected[2:-2], atol=1e-6)


@pytest.mark.parametrize("size", [(15, 100), (100, 15)])
def test_too_small_a_frame_is_refused(size):
    with pytest.raises(TTVOSError, match="at least 16x16"):
        letterbox(size, (64, 96))


def test_parse_size():
    assert parse_size("480x864") == (480, 864)
    for wrong in ("480", "480x", "axb", "480x864x3", "0x864", "-480x864"):
        with pytest.raises(TTVOSError, match="--size"):
            parse_size(wrong)
