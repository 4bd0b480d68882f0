"""From a config or a weights file to a network."""

import dataclasses
from pathlib import Path

from ttvos_tf.compat import keras
from ttvos_tf.config import ModelConfig
from ttvos_tf.network.ttvos import TTVOS, build_ttvos
from ttvos_tf.quantization import quantize
from ttvos_tf.weights import assign_weights, config_of, read_npz


def build_model(
    config: ModelConfig, *, height: int = 240, width: int = 432, backbone_weights: str | None = None
) -> TTVOS:
    """Builds the network for frames of one size; its weights fit every size.

    Args:
        config: which network.
        height, width: frame size in pixels, multiples of 16.
        backbone_weights: see backbones.registry.build_backbone.
    """
    if not config.quantized:
        return build_ttvos(config, height, width, backbone_weights)
    return quantize(build_ttvos(dataclasses.replace(config, quantized=False), height, width, backbone_weights))


def load_model(path: Path, *, height: int = 240, width: int = 432, expected: ModelConfig | None = None) -> TTVOS:
    """Builds the network that a weights file is of, with its weights.

    Args:
        path: a weights file or a checkpoint.
        height, width: frame size in pixels, multiples of 16.
        expected: the config that the weights must be of; None for whatever they are of.
    """
    arrays = read_npz(path)
    model = build_model(expected or config_of(arrays, path), height=height, width=width)
    assign_weights(model, arrays, path)
    return model


def at_size(model: TTVOS, height: int, width: int) -> TTVOS:
    """The same network for frames of another size: it shares its layers, and so its weights, with the one given.

    Args:
        model: the network, float or quantised.
        height, width: frame size in pixels, multiples of 16.
    """
    if (height, width) == model.size:
        return model
    sized = build_model(model.config, height=height, width=width)

    def shared(part: keras.Model, like: keras.Model) -> keras.Model:
        def chosen(layer: keras.layers.Layer) -> keras.layers.Layer:
            return layer if layer.weights else like.get_layer(layer.name)  # how much is padded depends on the size

        return keras.models.clone_model(part, input_tensors=like.inputs, clone_function=chosen)

    reader = model.memory_reader
    return dataclasses.replace(
        model,
        size=sized.size,
        backbone=dataclasses.replace(model.backbone, model=shared(model.encoder, sized.encoder)),
        segmentation_head=shared(model.segmentation_head, sized.segmentation_head),
        template_encoder=shared(model.template_encoder, sized.template_encoder),
        transition_head=shared(model.transition_head, sized.transition_head),
        memory_reader=reader and sized.memory_reader and shared(reader, sized.memory_reader),
    )
