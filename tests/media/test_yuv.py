import numpy as np
import pytest

from ttvos_tf.media.yuv import to_i420

# ITU-R BT.601, its sections 2.5.1 and 2.5.3: from RGB in 0..1 to eight bits of video range.
LUMA = np.array([0.299, 0.587, 0.114])
BLUE = (np.array([0, 0, 1]) - LUMA) / (2 * (1 - LUMA[2]))
RED = (np.array([1, 0, 0]) - LUMA) / (2 * (1 - LUMA[0]))


@pytest.mark.parametrize("size", [(32, 48), (30, 50)], ids=str)  # rows of chroma that do and do not fill those of luma
def test_as_the_standard_says_with_the_mean_colour_of_four_pixels(size):
    height, width = size
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    planes = to_i420(frame)
    assert planes.shape == (height * 3 // 2, width) and planes.dtype == np.uint8
    assert np.abs(planes[:height] - (16 + 219 * (frame / 255) @ LUMA)).max() < 1.5
    means = frame.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3)) / 255
    for found, axis in zip(planes[height:].reshape(2, height // 2, width // 2), (BLUE, RED), strict=True):
        assert np.abs(found - (128 + 224 * means @ axis)).max() < 2
