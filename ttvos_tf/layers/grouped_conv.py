"""Grouped convolution computed as a block-diagonal dense one, and that dense one as a layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class GroupedConv2D(keras.layers.Layer):
    """Grouped convolution, stride 1, SAME padding, with bias: (B, H, W, C) -> (B, H, W, C).

    The trained kernel is the grouped one, (k, k, group_width, C). It is spread over a block-diagonal dense kernel
    (k, k, C, C) at call time, because TensorFlow trains dense convolutions about five times faster on a CPU, and
    because grouped int8 CONV_2D is version 6 in TFLite: slow, and refused by Edge TPU. Both give the same values.

    Args:
        filters: C, a multiple of group_width; must equal the input channels.
        kernel_size: k.
        group_width: channels in a group (section 3.2, "group size of 4").
    """

    def __init__(self, filters: int, kernel_size: int = 5, group_width: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        if filters % group_width:
            raise ValueError(f"{filters} filters do not split into groups of {group_width}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.group_width = group_width

    def build(self, input_shape: Sequence[int]) -> None:
        if input_shape[-1] != self.filters:
            raise ValueError(f"GroupedConv2D maps {self.filters} channels to as many, not {input_shape[-1]}")
        shape = (self.kernel_size, self.kernel_size, self.group_width, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=keras.initializers.HeNormal())
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.mask = block_mask(self.filters, self.group_width)
        super().build(input_shape)

    def dense_kernel(self) -> tf.Tensor:
        """The block-diagonal kernel (k, k, C, C): entry (i, o) is zero unless channels i and o share a group."""
        return tf.tile(self.kernel, [1, 1, self.filters // self.group_width, 1]) * self.mask

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.nn.bias_add(tf.nn.conv2d(inputs, self.dense_kernel(), strides=1, padding="SAME"), self.bias)

    def get_config(self) -> dict[str, Any]:
        sizes = {"filters": self.filters, "kernel_size": self.kernel_size, "group_width": self.group_width}
        return {**super().get_config(), **sizes}


@keras.utils.register_keras_serializable("ttvos_tf")
class BlockDiagonalConv2D(keras.layers.Conv2D):
    """What a GroupedConv2D is exported as: a Conv2D whose kernel (k, k, C, C) is meant to be zero between groups.

    Args:
        group_width: channels in a group.

    Attributes:
        mask: (C, C), 1 where the kernel may be other than zero.
    """

    def __init__(self, *args: Any, group_width: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.group_width = group_width
        self.mask = block_mask(self.filters, group_width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "group_width": self.group_width}


def block_mask(channels: int, group_width: int) -> np.ndarray:
    """float32 (C, C): 1 where the input and the output channel are of the same group, else 0."""
    group = np.arange(channels) // group_width
    return (group[:, None] == group[None, :]).astype(np.float32)
