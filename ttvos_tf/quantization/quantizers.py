"""How values are rounded to 8 bits: weights by channel, activations by the range that they were seen in.

TFLite's int8 scheme: real = scale * (integer - zero point). Ranges contain zero, so that zero padding is exact.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow_model_optimization.quantization.keras.quantizers import Quantizer

from ttvos_tf.compat import keras, tf

Weights = dict[str, tf.Variable]
"""A quantizer's own variables, as its `build` gives them."""

RANGE_DECAY = 0.999
SMALLEST_RANGE = 1e-3


class ChannelWeights(Quantizer):
    """Symmetric, with a scale for each output channel: its largest weight.

    The range is that of the weights at hand and no variable, so averaged weights have the right one too.

    Args:
        channel_axis: where the kernel's output channels are.
        mask: (input channels, output channels), 0 where weights stay zero: between the groups of a grouped convolution.
    """

    def __init__(self, channel_axis: int, mask: np.ndarray | None = None):
        self.channel_axis = channel_axis
        self.mask = mask

    def build(self, tensor_shape: Sequence[int], name: str, layer: keras.layers.Layer) -> Weights:
        return {}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Weights, **kwargs: Any) -> tf.Tensor:
        kernel = inputs if self.mask is None else inputs * self.mask
        # TensorFlow quantises along the last axis. A depthwise kernel (h, w, C, 1) has its channels before that.
        shape = kernel.shape
        last = tf.reshape(kernel, [*shape[:2], -1, shape[self.channel_axis]])
        largest = tf.maximum(tf.reduce_max(tf.abs(last), axis=[0, 1, 2]), 1e-9)
        quantized = tf.quantization.fake_quant_with_min_max_vars_per_channel(last, -largest, largest, narrow_range=True)
        return tf.reshape(quantized, shape)

    def get_config(self) -> dict[str, Any]:
        return {"channel_axis": self.channel_axis, "mask": self.mask}


class MovingRange(Quantizer):
    """The moving average of the smallest and largest value of an image, over training batches; fixed at inference.

    Of an image, not of a batch: extremes of many images together would make the range wide and its steps coarse. The
    first batch sets the range by itself, so that calibration is a few batches in training mode.

    Attributes:
        range: its variables (low, high), once built.
    """

    def build(self, tensor_shape: Sequence[int], name: str, layer: keras.layers.Layer) -> Weights:
        def scalar(what: str, value: float) -> tf.Variable:
            # Copies on several devices see different values and go on with the mean.
            return layer.add_weight(
                f"{name}_{what}",
                initializer=keras.initializers.Constant(value),
                trainable=False,
                aggregation=tf.VariableAggregation.MEAN,
            )

        self.range = scalar("low", -6.0), scalar("high", 6.0)
        return {"low": self.range[0], "high": self.range[1], "seen": scalar("seen", 0.0)}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Weights, **kwargs: Any) -> tf.Tensor:
        low, high = weights["low"], weights["high"]
        if training:
            seen = weights["seen"]
            keep = tf.minimum(RANGE_DECAY, seen / (seen + 1.0))
            images = tf.reshape(inputs, [tf.shape(inputs)[0], -1])
            batch_low = tf.minimum(tf.reduce_mean(tf.reduce_min(images, axis=1)), 0.0)
            batch_high = tf.maximum(tf.reduce_mean(tf.reduce_max(images, axis=1)), batch_low + SMALLEST_RANGE)
            low.assign(keep * low + (1.0 - keep) * batch_low)
            high.assign(keep * high + (1.0 - keep) * tf.maximum(batch_high, 0.0))
            seen.assign(seen + 1.0)
        return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high)

    def get_config(self) -> dict[str, Any]:
        return {}


class SameRange(Quantizer):
    """The range of another tensor, which this one is: an int8 feature map that comes back as an input.

    Args:
        source: what quantised it first.
    """

    def __init__(self, source: MovingRange):
        self.source = source

    def build(self, tensor_shape: Sequence[int], name: str, layer: keras.layers.Layer) -> Weights:
        return {}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Weights, **kwargs: Any) -> tf.Tensor:
        return tf.quantization.fake_quant_with_min_max_vars(inputs, *self.source.range)

    def get_config(self) -> dict[str, Any]:
        return {"source": self.source}


class FixedRange(Quantizer):
    """A range that is known.

    Args:
        low, high: the values of the smallest and largest integer.
    """

    def __init__(self, low: float, high: float):
        self.low = low
        self.high = high

    def build(self, tensor_shape: Sequence[int], name: str, layer: keras.layers.Layer) -> Weights:
        return {}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Weights, **kwargs: Any) -> tf.Tensor:
        return tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high)

    def get_config(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


def same_range(quantizer: MovingRange | FixedRange) -> Quantizer:
    """The range of a tensor that this quantised, wherever it comes back."""
    return quantizer if isinstance(quantizer, FixedRange) else SameRange(quantizer)


# TFLite's int8 L2_NORMALIZATION counts in 1/128.
KEY_RANGE = FixedRange(-1.0, 127 / 128)
