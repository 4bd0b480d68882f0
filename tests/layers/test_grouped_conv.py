import numpy as np
import pytest

from ttvos_tf.compat import tf
from ttvos_tf.layers import GroupedConv2D


def grouped_convolution(x, kernel, bias, group_width):
    """Straight from the definition: output channel o sees only the input channels of its own group."""
    size, filters = kernel.shape[0], kernel.shape[3]
    pad = size // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    result = np.zeros((*x.shape[:3], filters)) + bias
    for o in range(filters):
        first = o // group_width * group_width
        for i in range(group_width):
            for dy in range(size):
                for dx in range(size):
                    window = padded[:, dy : dy + x.shape[1], dx : dx + x.shape[2], first + i]
                    result[..., o] += window * kernel[dy, dx, i, o]
    return result


@pytest.mark.parametrize(("filters", "group_width", "size"), [(8, 4, 5), (12, 4, 3), (6, 2, 3), (4, 4, 5)])
def test_equals_the_definition(filters, group_width, size):
    rng = np.random.default_rng(filters)
    x = rng.normal(size=(2, 7, 9, filters)).astype(np.float32)
    layer = GroupedConv2D(filters, size, group_width)
    layer.build(x.shape)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    expected = grouped_convolution(x, *layer.get_weights(), group_width)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-4)


def test_has_the_grouped_number_of_parameters():
    layer = GroupedConv2D(32)
    layer.build((None, 8, 8, 32))
    assert layer.count_params() == 5 * 5 * 4 * 32 + 32


def test_gradient_reaches_the_kernel():
    layer = GroupedConv2D(8)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.random.normal((1, 6, 6, 8), seed=1)) ** 2)
    assert np.abs(tape.gradient(loss, layer.kernel)).min() > 0


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="groups of 4"):
        GroupedConv2D(6)
    with pytest.raises(ValueError, match="8 channels"):
        GroupedConv2D(8).build((None, 4, 4, 12))
