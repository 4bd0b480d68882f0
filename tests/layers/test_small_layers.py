import numpy as np

from ttvos_tf.layers import Coordinates, PixelShuffle, ResizeLike


def test_pixel_shuffle_puts_channels_into_sub_pixels():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 12)).astype(np.float32)
    got = PixelShuffle(2)(x).numpy()
    assert got.shape == (2, 6, 8, 3)
    for y, column, i, j, c in np.ndindex(3, 4, 2, 2, 3):
        np.testing.assert_array_equal(got[:, 2 * y + i, 2 * column + j, c], x[:, y, column, (i * 2 + j) * 3 + c])


def test_resize_fits_odd_sizes():
    x = np.random.default_rng(1).normal(size=(1, 8, 14, 2)).astype(np.float32)
    got = ResizeLike()([x, np.zeros((1, 15, 27, 5), np.float32)])
    assert got.shape == (1, 15, 27, 2)
    np.testing.assert_array_equal(ResizeLike()([x, x]), x)


def test_coordinates_are_appended():
    x = np.ones((2, 3, 5, 1), np.float32)
    got = Coordinates()(x).numpy()
    np.testing.assert_array_equal(got[..., :1], x)
    np.testing.assert_allclose(got[1, 0, :, 1], [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(got[1, :, 0, 2], [-1, 0, 1])
    np.testing.assert_allclose(got[0, 0, 0, 3], np.sqrt(2), rtol=1e-6)
