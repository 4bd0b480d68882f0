"""Fake quantisation against TFLite's int8 scheme, computed with NumPy."""

import numpy as np
import pytest

from ttvos_tf.compat import keras, tf
from ttvos_tf.layers.grouped_conv import block_mask
from ttvos_tf.quantization.network import FRAME_RANGE, FRAME_SHIFT, MASK_RANGE
from ttvos_tf.quantization.quantizers import ChannelWeights, MovingRange, SameRange


def to_int8(values, scale):
    return np.clip(np.round(values / scale), -127, 127) * scale


def built(quantizer):
    layer = keras.layers.Layer()
    return quantizer, quantizer.build((1,), "output", layer)


def test_kernels_have_a_scale_for_each_channel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 5)).astype(np.float32) * np.array([0.01, 0.1, 1, 10, 100])
    kernel = kernel.astype(np.float32)
    expected = to_int8(kernel, np.abs(kernel).max(axis=(0, 1, 2)) / 127)
    np.testing.assert_allclose(ChannelWeights(3)(tf.constant(kernel), True, {}), expected, rtol=1e-5, atol=1e-7)


def test_depthwise_kernels_too():
    kernel = np.random.default_rng(1).normal(size=(3, 3, 4, 1)).astype(np.float32)
    expected = to_int8(kernel, np.abs(kernel).max(axis=(0, 1, 3))[:, None] / 127)
    np.testing.assert_allclose(ChannelWeights(2)(tf.constant(kernel), False, {}), expected, rtol=1e-5, atol=1e-7)


def test_masked_weights_are_zero_and_have_no_gradient():
    mask = block_mask(8, 4)
    kernel = tf.Variable(np.random.default_rng(3).normal(size=(5, 5, 8, 8)).astype(np.float32))
    with tf.GradientTape() as tape:
        quantized = ChannelWeights(3, mask)(kernel, True, {})
        loss = tf.reduce_sum(quantized * quantized)
    gradient = tape.gradient(loss, kernel).numpy()
    for array in (quantized.numpy(), gradient):
        assert not array[:, :, mask == 0].any()
        assert np.count_nonzero(array[:, :, mask == 1]) > 0.9 * 25 * 32


def test_an_all_zero_channel_stays_zero():
    np.testing.assert_array_equal(ChannelWeights(3)(tf.zeros((3, 3, 2, 2)), True, {}), np.zeros((3, 3, 2, 2)))


def test_first_batch_sets_the_range_and_later_ones_move_it():
    quantizer, variables = built(MovingRange())
    quantizer(tf.constant([[-1.0, 3.0]]), True, variables)
    assert (variables["low"].numpy(), variables["high"].numpy()) == (-1, 3)
    quantizer(tf.constant([[-4.0, 6.0], [-2.0, 4.0]]), True, variables)  # two images: their mean
    assert (variables["low"].numpy(), variables["high"].numpy()) == (-2, 4)
    before = [v.numpy() for v in variables.values()]
    quantizer(tf.constant([[-100.0, 100.0]]), False, variables)
    assert [v.numpy() for v in variables.values()] == before


@pytest.mark.parametrize("values", [[0.5, 2.0], [-2.0, -0.5], [0.0, 0.0]])
def test_ranges_hold_zero_and_are_not_empty(values):
    quantizer, variables = built(MovingRange())
    result = quantizer(tf.constant([values]), True, variables)[0]
    assert variables["low"].numpy() <= 0 <= variables["high"].numpy()
    np.testing.assert_allclose(result, values, atol=2.0 / 255)
    assert quantizer(tf.constant([[0.0]]), False, variables).numpy() == 0


def test_same_range_changes_nothing_more():
    quantizer, variables = built(MovingRange())
    once = quantizer(tf.random.normal((1, 100), seed=1), True, variables)
    np.testing.assert_array_equal(SameRange(quantizer)(once, True, {}), once)
    assert variables["seen"].numpy() == 1


def test_every_camera_byte_is_an_integer():
    byte = np.arange(256, dtype=np.float32)
    frame = byte * np.float32(1 / 127.5) - 1
    np.testing.assert_allclose(
        FRAME_RANGE(tf.constant(frame + FRAME_SHIFT), False, {}), (byte - 128) / 127.5, atol=1e-6
    )


def test_masks_count_in_256ths():
    shares = np.arange(256, dtype=np.float32) / 256
    np.testing.assert_allclose(MASK_RANGE(tf.constant(shares), False, {}), shares, atol=1e-6)
