"""Exact rewrites of the network for inference: the same values with fewer or better supported operators."""

import numpy as np

from ttvos_tf.compat import keras
from ttvos_tf.layers import GroupedConv2D


def dense_groups(model: keras.Model) -> keras.Model:
    """Grouped convolutions -> dense ones with the block-diagonal kernel as their weights.

    A grouped CONV_2D is version 6 in TFLite, which Edge TPU refuses and most int8 kernels run slowly; and the layer's
    own way, spreading its kernel at every call, would stay in the graph.

    Args:
        model: a functional model.

    Returns:
        A functional model of the same inputs, outputs and values, with weights of its own.
    """

    def replace(layer):
        config = layer.get_config()
        if isinstance(layer, GroupedConv2D):
            return keras.layers.Conv2D(layer.filters, layer.kernel_size, padding="same", name=layer.name)
        return layer.__class__.from_config(config)

    dense = keras.models.clone_model(model, clone_function=replace)
    for layer in model.layers:
        if isinstance(layer, GroupedConv2D):
            dense.get_layer(layer.name).set_weights([layer.dense_kernel().numpy(), layer.bias.numpy()])
        else:
            dense.get_layer(layer.name).set_weights(layer.get_weights())
    return dense


def single_logit(segmenter: keras.Model) -> keras.Model:
    """Two logits -> their difference, and the last transposed convolution and its pixel shuffle -> one stride-4 kernel.

    Softmax over two classes is a sigmoid of the logits' difference, and at full size a softmax costs more than the
    decoder's last layers. See `stride_4_kernel` for the second step.

    Args:
        segmenter: as built by model.TTVOS, outputs [logits (B, H, W, 2), similarity].

    Returns:
        A model of the same inputs with one output, the logit (B, H, W, 1): foreground minus background.
    """
    last = segmenter.get_layer("decoder_up2")
    folded = keras.layers.Conv2DTranspose(1, 8, strides=4, padding="same", use_bias=False, name="logit")
    model = keras.Model(segmenter.inputs, folded(last.input))
    folded.set_weights([stride_4_kernel(last.get_weights()[0])])
    return model


def stride_4_kernel(kernel: np.ndarray) -> np.ndarray:
    """Folds a stride-2 transposed convolution, its PixelShuffle(2) and the difference of two classes into one kernel.

    Tap k of the stride-2 kernel writes row 2y + k - 1 of the half-size map, and its sub-pixel i row 2(2y + k - 1) + i =
    4y + (2k + i) - 2 of the full one: tap 2k + i of a stride-4 kernel, whose SAME padding is 2.

    Args:
        kernel: (4, 4, 8, C); output channels ordered (i, j, class), background first.

    Returns:
        (8, 8, 1, C).
    """
    size, _, _, channels = kernel.shape
    subpixels = kernel.reshape(size, size, 2, 2, 2, channels)  # k, l, i, j, class, C
    difference = subpixels[..., 1, :] - subpixels[..., 0, :]
    return difference.transpose(0, 2, 1, 3, 4).reshape(2 * size, 2 * size, 1, channels)
