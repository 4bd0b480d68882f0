"""A float network -> the same network with fake quantisation."""

import dataclasses
from collections.abc import Callable

from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import QuantizeWrapperV2
from tensorflow_model_optimization.quantization.keras.quantizers import Quantizer

from ttvos_tf.compat import keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.layers import PadWithColor
from ttvos_tf.network.ttvos import TTVOS
from ttvos_tf.quantization.configs import Int8, config_of
from ttvos_tf.quantization.quantizers import KEY_RANGE, FixedRange, same_range
from ttvos_tf.quantization.rounding import Int8Rounding
from ttvos_tf.rebuild import copy_layer, readers, rebuild

# A camera byte p enters as (p - 128) / 127.5, an int8 number of that scale and zero point 0. The float network takes
# p / 127.5 - 1, whose zero lies between two bytes: half a byte more.
FRAME_SHIFT = -0.5 / 127.5
FRAME_RANGE = FixedRange(-128 / 127.5, 127 / 127.5)
# TFLite's int8 sigmoid counts in 1/256.
MASK_RANGE = FixedRange(0.0, 255 / 256)


def quantize(model: TTVOS) -> TTVOS:
    """Puts fake quantisation on a network, for training on and for int8 export.

    The result has the methods of the network and computes in its inference form (graph/inference.py): batch norms are
    part of the convolutions, as in the file. Ranges of activations follow what passes in training mode; before the
    first such call (training, or `calibrate`) they are arbitrary. The state stays float32, but for feat16 and the
    memory's keys: the template enters its matrix product as it is, masks as a quantised copy. Layers keep their names.

    Args:
        model: a float network; it stays as it is, but shares its transition head.

    Raises:
        TTVOSError: the network is quantised already, or has a layer without a config (configs.py).
    """
    if model.config.quantized:
        raise TTVOSError("quantize: the network is quantised already")
    network = inference_form(model)
    encoder = _quantize(network.encoder, {"frame": FRAME_RANGE})
    ranges = [tensor.node.layer.quantize_config.output for tensor in encoder.outputs]
    features = dict(zip(network.feature_names, map(same_range, ranges), strict=True))
    inputs = {**features, "state_feat16": features["feat16"], "state_mask": MASK_RANGE, "state_memory_key": KEY_RANGE}
    head = _quantize(network.segmentation_head, inputs)
    reader = network.memory_reader
    return dataclasses.replace(
        network,
        config=dataclasses.replace(model.config, quantized=True),
        backbone=network.backbone.on(encoder),
        segmentation_head=head,
        template_encoder=_quantize(network.template_encoder, inputs),
        memory_reader=None if reader is None else _quantize(reader, inputs),
        rounding=Int8Rounding(same_range(head.get_layer("logit_subpixels").quantize_config.output)),
    )


def _quantize(model: keras.Model, inputs: dict[str, Quantizer]) -> keras.Model:
    """A model with fake quantisation, its inputs as given."""
    read_by = readers(model)
    outputs = {tensor.node.layer.name for tensor in model.outputs}

    def replace(layer: keras.layers.Layer) -> Callable | None:
        if isinstance(layer, keras.layers.InputLayer):
            if len(model.inputs) == 1:
                shift = keras.layers.Rescaling(1.0, FRAME_SHIFT, name="frame_bytes")
                return _wrap(shift, Int8({}, inputs["frame"]))
            if layer.name not in inputs:
                return None
            return _wrap(keras.layers.Activation("linear", name=f"{layer.name}_int8"), Int8({}, inputs[layer.name]))
        if isinstance(layer, PadWithColor):
            # Not exact, but for the outermost row and column: Edge TPU refuses to join with anything but zeros.
            return keras.layers.ZeroPadding2D(layer.pixels, name=layer.name)
        config = config_of(layer, read_by, outputs)
        if config is None:
            return copy_layer(layer)
        copied = copy_layer(layer)
        # Before the wrapper's first call, which puts the rounded kernel in the place of the variable.
        with tf.name_scope(layer.name):
            copied.build(layer.input_shape)
        copied.set_weights(layer.get_weights())
        return _wrap(copied, config)

    return rebuild(model, replace)


class _Quantized(QuantizeWrapperV2):
    """tfmot's wrapper, which can be frozen, and without AutoGraph: that takes longer than all the rest of a trace."""

    call = tf.autograph.experimental.do_not_convert(QuantizeWrapperV2.call)

    @property
    def trainable_weights(self) -> list[tf.Variable]:
        return super().trainable_weights if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[tf.Variable]:
        frozen = [] if self.trainable else super().trainable_weights
        return frozen + super().non_trainable_weights


def _wrap(layer: keras.layers.Layer, config: Int8) -> _Quantized:
    return _Quantized(layer, config, name=layer.name)
