"""Exact rewrites of an object's models: the same values with fewer or better supported operators."""

import functools
import itertools
from collections.abc import Callable

import numpy as np

from ttvos_tf.compat import Tensor, keras
from ttvos_tf.layers import BlockDiagonalConv2D, GroupedConv2D, PixelShuffle
from ttvos_tf.rebuild import copy_layer, rebuild


def dense_groups(model: keras.Model) -> keras.Model:
    """Grouped convolutions -> dense ones with the block-diagonal kernel as their weights.

    A grouped CONV_2D is version 6 in TFLite, which Edge TPU refuses and most int8 kernels run slowly; and the layer's
    own way, spreading its kernel at every call, would stay in the graph.

    Args:
        model: a functional model.

    Returns:
        A functional model of the same inputs, outputs and values, with weights of its own.
    """

    def replace(layer: keras.layers.Layer) -> keras.layers.Layer | None:
        if isinstance(layer, keras.layers.InputLayer):
            return None
        if isinstance(layer, GroupedConv2D):
            width = layer.group_width
            return BlockDiagonalConv2D(
                layer.filters, layer.kernel_size, padding="same", group_width=width, name=layer.name
            )
        return copy_layer(layer)

    dense = rebuild(model, replace)
    for layer in model.layers:
        if isinstance(layer, GroupedConv2D):
            dense.get_layer(layer.name).set_weights([layer.dense_kernel().numpy(), layer.bias.numpy()])
    return dense


def single_logit(head: keras.Model) -> keras.Model:
    """Two logits -> their difference, and the last transposed convolution -> a 3x3 one before one pixel shuffle.

    Softmax over two classes is a sigmoid of the logits' difference, and at full size a softmax costs more than the
    decoder's last layers. The two shuffles, the convolution's own and PixelShuffle(2), are one.

    Args:
        head: the segmentation head, as network.ttvos.build_ttvos builds it.

    Returns:
        A functional model of the same inputs, outputs and values. It shares its layers but the last.
    """
    last = head.get_layer("decoder_up2")
    kernel = subpixel_kernel(last.get_weights()[0])
    size, _, channels, _, _, _ = kernel.shape
    classes = kernel.reshape(size, size, channels, 2, 2, 2, 2, 2)  # y, x, C, r, s, i, j, class
    difference = classes[..., 1] - classes[..., 0]
    folded = difference.transpose(0, 1, 2, 3, 5, 4, 6).reshape(size, size, channels, 16)  # row 2r + i, column 2s + j
    convolution = keras.layers.Conv2D(16, size, padding="same", use_bias=False, name="logit_subpixels")
    logit = PixelShuffle(4, name="logit")(convolution(last.input))
    model = keras.Model(head.inputs, [logit, head.outputs[1]], name=head.name)
    convolution.set_weights([folded])
    return model


def subpixel_convolutions(model: keras.Model) -> keras.Model:
    """Transposed convolutions -> 3x3 ones before a pixel shuffle. A layer keeps its name.

    They multiply by some zeros, and yet int8 ones run seven times faster in XNNPACK.

    Args:
        model: a functional model. Its transposed convolutions have stride 2 and a 4x4 kernel.

    Returns:
        A functional model of the same inputs, outputs and values, with weights of its own.
    """

    def replace(layer: keras.layers.Layer) -> Callable | None:
        if isinstance(layer, keras.layers.InputLayer):
            return None
        if isinstance(layer, keras.layers.Conv2DTranspose):
            return functools.partial(_subpixels, layer)
        return copy_layer(layer)

    return rebuild(model, replace)


def _subpixels(layer: keras.layers.Conv2DTranspose, x: Tensor) -> Tensor:
    kernel, *bias = layer.get_weights()
    kernel = subpixel_kernel(kernel)
    convolution = keras.layers.Conv2D(
        4 * layer.filters, kernel.shape[0], padding="same", use_bias=layer.use_bias, name=layer.name
    )
    shuffled = PixelShuffle(2, name=f"{layer.name}_shuffle")(convolution(x))
    convolution.set_weights([kernel.reshape(*kernel.shape[:3], -1), *(np.tile(values, 4) for values in bias)])
    return shuffled


def subpixel_kernel(kernel: np.ndarray) -> np.ndarray:
    """A transposed convolution of stride 2 as a 3x3 convolution whose outputs are the four sub-pixels.

    Tap k of input row y writes row 2y + k - 1. So row 2Y + r, r = 0 or 1, takes tap k = 2(Y - y) + r + 1: of rows
    Y - 1, Y and Y + 1 alone.

    Args:
        kernel: (4, 4, O, C), of padding "same".

    Returns:
        (3, 3, C, 2, 2, O): input row and column, from above left; input channel; sub-pixel (r, s); output channel.
    """
    size, _, outputs, channels = kernel.shape
    folded = np.zeros((3, 3, channels, 2, 2, outputs), kernel.dtype)
    for (dy, dx), (r, s) in itertools.product(np.ndindex(3, 3), np.ndindex(2, 2)):
        row, column = 2 * (1 - dy) + r + 1, 2 * (1 - dx) + s + 1
        if 0 <= row < size and 0 <= column < size:
            folded[dy, dx, :, r, s] = kernel[row, column].T
    return folded
