import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backbones.numpy_hrnet import convolve
from ttvos_tf.backbones.pretrained import border_color, fold_normalization
from ttvos_tf.layers import PadWithColor

CHANNEL = st.floats(1, 254)
COLOR = st.tuples(CHANNEL, CHANNEL, CHANNEL)


@settings(deadline=None, max_examples=25)
@given(mean=COLOR, std=COLOR, pixels=st.integers(1, 3), seed=st.integers(0, 9))
def test_folded_convolution_equals_the_original_up_to_the_border(mean, std, pixels, seed):
    rng = np.random.default_rng(seed)
    size = 2 * pixels + 1
    frame = rng.integers(0, 256, (8, 10, 3))
    kernel = rng.normal(size=(size, size, 3, 4))
    expected = convolve((frame - np.array(mean)) / std, kernel.transpose(3, 2, 0, 1), stride=2)

    folded, bias = fold_normalization(kernel, mean, std)
    padded = PadWithColor(pixels, border_color(mean))(frame[None].astype(np.float32) / 127.5 - 1)
    inner = convolve(np.asarray(padded[0], np.float64), folded.transpose(3, 2, 0, 1), stride=1)
    ours = inner[pixels : pixels + 8 : 2, pixels : pixels + 10 : 2] + bias

    assert folded.dtype == bias.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-4 * np.abs(expected).max())


def test_frame_of_one_color():
    layer = PadWithColor(2, (0.1, 0.2, 0.3))
    frame = np.random.default_rng(0).normal(size=(2, 3, 5, 3)).astype(np.float32)
    padded = layer(frame).numpy()
    assert padded.shape == (2, 7, 9, 3)
    np.testing.assert_array_equal(padded[:, 2:-2, 2:-2], frame)
    for edge in (padded[:, :2], padded[:, -2:], padded[:, :, :2], padded[:, :, -2:]):
        np.testing.assert_allclose(edge, np.broadcast_to([0.1, 0.2, 0.3], edge.shape), rtol=1e-6)
    again = PadWithColor.from_config(layer.get_config())
    np.testing.assert_array_equal(again(frame), padded)
