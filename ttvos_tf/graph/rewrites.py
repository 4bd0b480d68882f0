"""Exact rewrites of the segmenter and the embedder: the same values with fewer or better supported operators."""

import itertools

import numpy as np

from ttvos_tf.compat import keras
from ttvos_tf.graph.rebuild import copy_layer, rebuild
from ttvos_tf.layers import BlockDiagonalConv2D, GroupedConv2D, PixelShuffle


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


def single_logit(segmenter: keras.Model) -> keras.Model:
    """Two logits -> their difference, and the last transposed convolution -> a 3x3 one before one pixel shuffle.

    Softmax over two classes is a sigmoid of the logits' difference, and at full size a softmax costs more than the
    decoder's last layers. See `subpixel_kernel` for the second step.

    Args:
        segmenter: as built by network.ttvos.TTVOS.

    Returns:
        A functional model of the same inputs, outputs and values. It shares its layers but the last.
    """
    last = segmenter.get_layer("decoder_up2")
    kernel = subpixel_kernel(last.get_weights()[0])
    convolution = keras.layers.Conv2D(kernel.shape[-1], 3, padding="same", use_bias=False, name="logit_subpixels")
    logit = PixelShuffle(4, name="logit")(convolution(last.input))
    model = keras.Model(segmenter.inputs, [logit, segmenter.outputs[1]], name=segmenter.name)
    convolution.set_weights([kernel])
    return model


def subpixel_kernel(kernel: np.ndarray) -> np.ndarray:
    """Folds a stride-2 transposed convolution, PixelShuffle(2) and two classes' difference into a 3x3 convolution.

    Tap k of the stride-2 kernel writes row 2y + k - 1 of the half-size map, and its sub-pixel i row 2(2y + k - 1) + i =
    4y + (2k + i) - 2 of the full one. So the full row 4Y + r, r = 0 .. 3, takes tap 2k + i = 4(Y - y) + r + 2 of input
    row y: only rows Y - 1, Y and Y + 1 have one. That is a 3x3 convolution with 16 outputs, one a sub-pixel, for a
    PixelShuffle(4). It multiplies by some zeros, and yet runs eight times faster in XNNPACK than the transposed form.

    Args:
        kernel: (4, 4, 8, C); output channels ordered (i, j, class), background first.

    Returns:
        (3, 3, C, 16); output channels ordered (r, s).
    """
    size, _, _, channels = kernel.shape
    subpixels = kernel.reshape(size, size, 2, 2, 2, channels)  # k, l, i, j, class, C
    difference = subpixels[..., 1, :] - subpixels[..., 0, :]
    taps = difference.transpose(0, 2, 1, 3, 4).reshape(2 * size, 2 * size, channels)  # 2k + i, 2l + j, C
    folded = np.zeros((3, 3, channels, 4, 4), kernel.dtype)
    for (dy, dx), (r, s) in itertools.product(np.ndindex(3, 3), np.ndindex(4, 4)):
        row, column = 4 * (1 - dy) + r + 2, 4 * (1 - dx) + s + 2
        if 0 <= row < 2 * size and 0 <= column < 2 * size:
            folded[dy, dx, :, r, s] = taps[row, column]
    return folded.reshape(3, 3, channels, 16)
