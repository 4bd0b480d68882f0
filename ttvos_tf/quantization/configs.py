"""Which layers are quantised, and how: an explicit QuantizeConfig for every one.

Three kinds of layers have no range of their own:

- what only moves or averages values (KEEP_RANGE) keeps its input's;
- what is written straight into a concatenation takes the concatenation's, and what goes through a ReLU only the ReLU's,
  because TFLite computes both in one operator;
- FLOAT layers give float32 results.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_model_optimization.quantization.keras import QuantizeConfig
from tensorflow_model_optimization.quantization.keras.quantizers import Quantizer

from ttvos_tf.compat import keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import (
    BlockDiagonalConv2D,
    Channels,
    Coordinates,
    MemoryRead,
    PadWithColor,
    PixelShuffle,
    ResizeLike,
    TemplateEmbedding,
    TemplateMatch,
    UnitLength,
)
from ttvos_tf.quantization.quantizers import KEY_RANGE, ChannelWeights, MovingRange
from ttvos_tf.rebuild import Readers

layers = keras.layers

KEEP_RANGE = (
    Channels,
    layers.AveragePooling2D,
    layers.MaxPooling2D,
    layers.ZeroPadding2D,
    PadWithColor,
    PixelShuffle,
    ResizeLike,
)
# The update gate's dense layer too: one number a frame.
FLOAT = (TemplateEmbedding, MemoryRead, layers.GlobalAveragePooling2D, layers.Dense)
JOINS = (layers.Concatenate, Coordinates)
# Class -> name and channel axis of its kernel.
KERNELS: dict[type, tuple[str, int]] = {
    layers.Conv2D: ("kernel", 3),
    BlockDiagonalConv2D: ("kernel", 3),
    layers.DepthwiseConv2D: ("depthwise_kernel", 2),
}
# TemplateMatch multiplies in float32; what it gives is rounded for the convolution that follows.
WITHOUT_WEIGHTS = (
    layers.Add,
    layers.LeakyReLU,
    layers.ReLU,
    layers.Rescaling,
    TemplateMatch,
    *JOINS,
)


class Int8(QuantizeConfig):
    """Quantises a layer's kernel and its output.

    Args:
        kernel: attribute name of the kernel -> its quantizer; empty for none.
        output: the output's quantizer; None where the output has no range of its own.
    """

    def __init__(self, kernel: Mapping[str, Quantizer], output: Quantizer | None):
        self.kernel = kernel
        self.output = output

    def get_weights_and_quantizers(self, layer: keras.layers.Layer) -> list[tuple[tf.Variable, Quantizer]]:
        return [(getattr(layer, name), quantizer) for name, quantizer in self.kernel.items()]

    def get_activations_and_quantizers(self, layer: keras.layers.Layer) -> list[tuple[Any, Quantizer]]:
        return []

    def set_quantize_weights(self, layer: keras.layers.Layer, quantize_weights: Sequence[tf.Tensor]) -> None:
        for name, weights in zip(self.kernel, quantize_weights, strict=True):
            setattr(layer, name, weights)

    def set_quantize_activations(self, layer: keras.layers.Layer, quantize_activations: Sequence[Any]) -> None:
        pass

    def get_output_quantizers(self, layer: keras.layers.Layer) -> list[Quantizer]:
        return [self.output] if self.output else []

    def get_config(self) -> dict[str, Any]:
        return {"kernel": self.kernel, "output": self.output}


def config_of(layer: keras.layers.Layer, read_by: Readers, outputs: set[str]) -> Int8 | None:
    """The config of a layer in a model.

    Args:
        layer: of a model in its inference form.
        read_by: rebuild.readers of the model.
        outputs: names of the layers that make the model's outputs.

    Returns:
        Its config; None for layers that stay as they are.

    Raises:
        TTVOSError: int8 arithmetic is not known for the layer.
    """
    if isinstance(layer, (*KEEP_RANGE, *FLOAT)):
        return None
    if isinstance(layer, UnitLength):
        return Int8({}, KEY_RANGE)
    kernel = {}
    if type(layer) in KERNELS:
        if layer.activation is not keras.activations.linear:
            raise TTVOSError(f"layer {layer.name}: cannot be quantised with its activation inside: make it a layer")
        if getattr(layer, "groups", 1) > 1 and not isinstance(layer, layers.DepthwiseConv2D):
            raise TTVOSError(f"layer {layer.name}: cannot be quantised as a grouped convolution: use GroupedConv2D")
        name, axis = KERNELS[type(layer)]
        kernel[name] = ChannelWeights(axis, getattr(layer, "mask", None))
    elif not isinstance(layer, WITHOUT_WEIGHTS):
        raise TTVOSError(f"layer {layer.name}: cannot be quantised: no config for a {type(layer).__name__}")
    return Int8(kernel, MovingRange() if _has_range(layer, read_by, outputs) else None)


def _has_range(layer: keras.layers.Layer, read_by: Readers, outputs: set[str]) -> bool:
    if isinstance(layer, TemplateMatch):
        return True  # float32 turns to int8 here
    if layer.name in outputs:
        return True
    nexts = _final_readers(layer, read_by, outputs)
    if nexts and all(isinstance(reader, JOINS) for reader in nexts):
        return False
    fused = isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Add))
    return not (fused and nexts and all(isinstance(reader, layers.ReLU) for reader in nexts))


def _final_readers(layer: keras.layers.Layer, read_by: Readers, outputs: set[str]) -> list[keras.layers.Layer]:
    """The layers that compute with a layer's output, seen through those that keep its range."""
    found: list[keras.layers.Layer] = []
    for reader in read_by[layer.name]:
        if isinstance(reader, ResizeLike) and reader.input[0].node.layer is not layer:
            continue  # it wants the size only
        if isinstance(reader, KEEP_RANGE) and reader.name not in outputs:
            found += _final_readers(reader, read_by, outputs)
        else:
            found.append(reader)
    return found
