import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clips import clip
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.cutout import blurred, covering, cut_out, opacity, parse_background, replace_background
from ttvos_tf.media.images import is_written_by_us, source_of, write_cutout


@pytest.fixture
def scene():
    """A frame, and the soft map of its object: sure inside, a ramp of six pixels at its left edge."""
    frames, labels = clip(1)
    soft = (labels[0] == 1).astype(np.float32)
    soft[:, 5:11] *= np.linspace(0.05, 0.95, 6, dtype=np.float32)
    return frames[0], soft


def test_opacity_is_soft_at_edges_and_sure_elsewhere(scene):
    _, soft = scene
    haze = soft + 0.05 * (soft == 0)
    opaque = opacity([haze], soft.shape)
    assert opaque.dtype == np.float32
    assert opaque[soft == 0].max() == 0, "no haze where the network is nearly sure"
    assert opaque[soft == 1].min() == 1
    assert 0 < opaque[15, 9] < 1
    assert np.all(opacity([], soft.shape) == 0)


def test_objects_side_by_side_leave_no_seam():
    left = np.tile(np.float32([1, 0.9, 0.5, 0.1, 0]), (4, 1))
    assert opacity([left, 1 - left], left.shape).min() == 1


def test_a_cut_out_has_the_colours_of_its_frame(scene):
    frame, soft = scene
    image = cut_out(frame, opacity([soft], soft.shape))
    assert image.dtype == np.uint8 and np.array_equal(image[..., :3], frame)
    assert set(np.unique(image[..., 3][soft == 1])) == {255} and image[..., 3][soft == 0].max() == 0


def test_a_written_cut_out_is_read_back(scene, tmp_path):
    image = cut_out(scene[0], scene[1])
    write_cutout(tmp_path / "a.png", image, "of it")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), image)
    assert is_written_by_us(tmp_path / "a.png") and source_of(tmp_path / "a.png") == "of it"


@pytest.mark.parametrize("text", ["#00ff00", "00FF00"])
def test_a_colour(scene, text):
    frame, soft = scene
    drawn = replace_background(frame, soft, parse_background(text))
    assert np.all(drawn[soft == 0] == (0, 255, 0)) and np.array_equal(drawn[soft == 1], frame[soft == 1])
    mixed = soft[15, 9] * frame[15, 9] + (1 - soft[15, 9]) * np.array([0, 255, 0])
    assert np.allclose(drawn[15, 9], mixed, atol=1)


def test_blur_hides_the_background_and_keeps_the_object():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (240, 480, 3), np.uint8)
    soft = np.zeros((240, 480), np.float32)
    soft[80:160, 200:300] = 1
    drawn = replace_background(frame, soft, parse_background("blur"))
    assert np.array_equal(drawn[soft == 1], frame[soft == 1])
    assert drawn[soft == 0].std() < 0.2 * frame[soft == 0].std()
    exact = cv2.GaussianBlur(frame, (0, 0), 480 / 60)
    assert np.abs(blurred(frame).astype(int) - exact).mean() < 4


@pytest.mark.parametrize("size", [(64, 96), (32, 300), (500, 20), (1, 1)], ids=str)
def test_an_image_covers_the_frame_and_keeps_its_middle(tmp_path, size):
    image = np.zeros((*size, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 200, size[1]).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "beach.png")
    frame = np.zeros((64, 96, 3), np.uint8)
    drawn = replace_background(frame, np.zeros((64, 96), np.float32), parse_background(str(tmp_path / "beach.png")))
    assert drawn.shape == frame.shape
    assert np.array_equal(drawn, covering(image, (64, 96)))
    assert abs(int(drawn[:, :, 0].mean()) - int(image[:, :, 0].mean())) < 8, "it is cropped on both sides alike"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#00ff0", "--background #00ff0: a colour is written '#00ff00'"),
        ("#green0", "--background #green0: a colour is written"),
        ("blurr", r"--background blurr: no such image \(it is blur, a colour as '#00ff00', or an image\)"),
        ("text.png", "--background .*text.png: cannot be read as an image"),
    ],
)
def test_backgrounds_that_are_none(tmp_path, text, message):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(TTVOSError, match=message):
        parse_background(str(tmp_path / text) if text.endswith(".png") else text)
