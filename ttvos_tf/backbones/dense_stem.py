"""Ours, not the paper's: dense convolutions in the place of a backbone's first layers, for speed.

Depthwise convolutions on the largest maps take most of a phone backbone's time, for few multiply-adds. A few dense ones
compute much the same in a third of the time. They have no published weights: training/teach.py teaches them the maps of
those that they replace.
"""

import dataclasses
from collections.abc import Sequence

from ttvos_tf.backbones.base import Backbone, conv_bn
from ttvos_tf.compat import Tensor, keras, tf
from ttvos_tf.errors import TTVOSError

STRIDE2_CHANNELS = 16
# Of the 3x3 convolutions; a pointwise one behind each brings them down to the published width. The first one changes
# the stride, the others are in residual blocks. Without one of these at stride 4, the stem sees too little there.
STRIDE4_CHANNELS = (64, 96)
STRIDE8_CHANNELS = (128, 128, 128)


def with_dense_stem(backbone: Backbone) -> Backbone:
    """The backbone with dense layers from the frame to stride 8.

    Args:
        backbone: its `stem` names the layers whose maps are computed instead.

    Returns:
        The same layers from there on, as copies of the same weights. The new ones begin at random; `stem` names them.

    Raises:
        TTVOSError: the backbone has no stem that can be replaced.
    """
    if not backbone.stem:
        raise TTVOSError("dense_stem: only the backbone mobilenet_v2 has a stem that can be replaced")
    model = backbone.model
    ends = [model.get_layer(name).output for name in backbone.stem]
    frame = model.inputs[0]
    maps = _stem(frame, *(end.shape[-1] for end in ends))
    tensors = {id(end): new for end, new in zip(ends, maps, strict=True)}
    for layer in model.layers:
        given = [] if isinstance(layer, keras.layers.InputLayer) else tf.nest.flatten(layer.input)
        if id(layer.output) in tensors or not all(id(tensor) in tensors for tensor in given) or not given:
            continue  # of the stem, or before it
        copied = layer.__class__.from_config(layer.get_config())
        tensors[id(layer.output)] = copied(tf.nest.map_structure(lambda tensor: tensors[id(tensor)], layer.input))
        copied.set_weights(layer.get_weights())
    outputs = [tensors[id(output)] for output in model.outputs]
    dense = backbone.on(keras.Model(frame, outputs, name=model.name))
    return dataclasses.replace(dense, stem=tuple(tensor.node.layer.name for tensor in maps))


def _stem(frame: Tensor, channels4: int, channels8: int) -> list[Tensor]:
    """Frame (B, H, W, 3) -> linear maps at stride 4 and at stride 8, of so many channels."""
    x = conv_bn(frame, STRIDE2_CHANNELS, 3, "stem2", strides=2)
    stride4 = _blocks(x, channels4, STRIDE4_CHANNELS, "stem4")
    return [stride4, _blocks(stride4, channels8, STRIDE8_CHANNELS, "stem8")]


def _blocks(x: Tensor, channels: int, inside: Sequence[int], name: str) -> Tensor:
    """Half the size in so many channels, and residual blocks of as many."""
    for index, width in enumerate(inside):
        y = conv_bn(x, width, 3, f"{name}_{index}", strides=1 if index else 2)
        y = conv_bn(y, channels, 1, f"{name}_{index}_project", relu=False)
        x = keras.layers.Add(name=f"{name}_{index}_add")([x, y]) if index else y
    return x
