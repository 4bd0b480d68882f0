"""Ours, not the paper's: dense convolutions in the place of a backbone's first layers, for speed.

Depthwise convolutions on the largest maps take most of a phone backbone's time, for few multiply-adds. A few dense ones
compute much the same in a third of the time. They have no published weights: training/teach.py teaches them the maps of
those that they replace.
"""

import dataclasses
from collections.abc import Callable, Sequence

from ttvos_tf.backbones.base import Backbone, conv_bn
from ttvos_tf.compat import Tensor, keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.rebuild import copy_layer, rebuild

STRIDE2_CHANNELS = 16
# Of the 3x3 convolutions; a pointwise one behind each brings them down to the published width. The first one changes
# the stride, the others are in residual blocks. Without one of these at stride 4, the stem sees too little there.
STRIDE4_CHANNELS = (64, 96)
STRIDE8_CHANNELS = (128, 128, 128)
ENDS = ("stem4_1_add", "stem8_2_add")  # as _blocks names the last layers of these


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
    end4, end8 = (model.get_layer(name) for name in backbone.stem)
    # The stem's layers pass on what they are given, so its ends are given the frame and the dense map at stride 4.
    instead: dict[str, Callable] = {layer.name: _passed_on for layer in keras.Model(model.inputs, end8.output).layers}
    instead[end4.name] = lambda given: _to_stride4(_passed_on(given), end4.output.shape[-1])
    instead[end8.name] = lambda given: _blocks(_passed_on(given), end8.output.shape[-1], STRIDE8_CHANNELS, "stem8")
    dense = rebuild(model, lambda layer: instead.get(layer.name) or copy_layer(layer))
    return dataclasses.replace(backbone.on(dense), stem=ENDS)


def _passed_on(given: Tensor | list[Tensor]) -> Tensor:
    """What a layer was given; of several inputs, which are all the same here, one."""
    return tf.nest.flatten(given)[0]


def _to_stride4(frame: Tensor, channels: int) -> Tensor:
    """Frame (B, H, W, 3) -> a linear map (B, H/4, W/4, channels)."""
    x = conv_bn(frame, STRIDE2_CHANNELS, 3, "stem2", strides=2)
    return _blocks(x, channels, STRIDE4_CHANNELS, "stem4")


def _blocks(x: Tensor, channels: int, inside: Sequence[int], name: str) -> Tensor:
    """Half the size in so many channels, and residual blocks of as many."""
    for index, width in enumerate(inside):
        y = conv_bn(x, width, 3, f"{name}_{index}", strides=1 if index else 2)
        y = conv_bn(y, channels, 1, f"{name}_{index}_project", relu=False)
        x = keras.layers.Add(name=f"{name}_{index}_add")([x, y]) if index else y
    return x
