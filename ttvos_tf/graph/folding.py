"""Batch norms as part of the convolutions before them."""

import numpy as np

from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.rebuild import copy_layer, readers, rebuild


def fold_batch_norms(model: keras.Model) -> keras.Model:
    """Batch norms -> part of the convolution before them, by their moving statistics.

    Args:
        model: a functional model.

    Returns:
        A functional model of the same inputs, outputs and values at inference, with weights of its own.

    Raises:
        TTVOSError: a batch norm that does not directly follow a convolution, or one that is read elsewhere too.
    """
    convolutions = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    folded = {}
    read_by = readers(model)
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        before = norm.input.node.layer
        transposed = isinstance(before, keras.layers.Conv2DTranspose)  # a Conv2D to Python
        if not isinstance(before, convolutions) or transposed or read_by[before.name] != [norm]:
            raise TTVOSError(f"batch norm {norm.name}: cannot be folded, no convolution of its own comes before it")
        folded[before.name] = norm

    def replace(layer: keras.layers.Layer) -> keras.layers.Layer | None:
        if isinstance(layer, (keras.layers.InputLayer, keras.layers.BatchNormalization)):
            return None
        if layer.name in folded:
            return layer.__class__.from_config({**layer.get_config(), "use_bias": True})
        return copy_layer(layer)

    result = rebuild(model, replace)
    for name, norm in folded.items():
        result.get_layer(name).set_weights(_folded(model.get_layer(name), norm))
    return result


def _folded(layer: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    """Kernel and bias of a convolution with the batch norm after it."""
    kernel, *bias = layer.get_weights()
    gain = np.asarray(norm.gamma) / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
    per_channel = gain[:, None] if isinstance(layer, keras.layers.DepthwiseConv2D) else gain
    offset = (bias[0] if bias else 0.0) - np.asarray(norm.moving_mean)
    return [kernel * per_channel, offset * gain + np.asarray(norm.beta)]
