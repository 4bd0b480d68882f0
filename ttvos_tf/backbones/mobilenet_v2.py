"""MobileNetV2 1.0 (keras.applications) with a light top-down path: the backbone for phones and Coral.

Its block outputs are linear, with a standard deviation of 4 to 5, and only the deep ones know what an object is. So a
1x1 or 3x3 convolution with batch norm brings each stride to unit variance, and stride 8 also receives the features of
stride 16 (an HRNet gives its fine maps the deep features itself).
"""

from pathlib import Path

import numpy as np

from ttvos_tf.backbones.base import Backbone, conv_bn
from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import ResizeLike
from ttvos_tf.weights import read_npz

F4_CHANNELS, F8_CHANNELS, F16_CHANNELS = 16, 32, 128
LAST_BLOCK = ("block_14_", "block_15_", "block_16_")
STEM = ("block_2_add", "block_5_add")  # 24 and 32 channels
DEEP_TAPS = ("block_9_add", "block_12_add", "block_16_project_BN")


def _published(*, weights: str | None, height: int, width: int) -> keras.Model:
    """The published network alone: frame (B, H, W, 3) -> maps at strides 4 (24 channels), 8 (32), 16 (96) and 32 (320).

    Args:
        weights, height, width: see `build`.
    """
    folded = weights if weights and weights.endswith(".npz") else None
    base = keras.applications.MobileNetV2(
        input_shape=(height, width, 3), include_top=False, weights=None if folded else weights
    )
    if folded:
        _load_folded(base, folded)
    taps = [base.get_layer(f"block_{index}").output for index in ("2_add", "5_add", "12_add", "16_project_BN")]
    return keras.Model(base.input, taps, name="mobilenet_v2_published")


def build(*, weights: str | None, height: int, width: int) -> Backbone:
    """Frame (B, H, W, 3) -> f4 (16 channels), f8 (32), f16 (64 + 64 from stride 32).

    Args:
        weights: None, "imagenet", a `.npz` with `<layer>/kernel` and `/bias` (batch norm folded), or a Keras `.h5`.
        height, width: frame size, multiples of 16.
    """
    base = _published(weights=weights, height=height, width=width)
    s4, s8, s16, s32 = base.outputs
    f4 = conv_bn(s4, F4_CHANNELS, 1, "lateral4")
    half = F16_CHANNELS // 2
    lateral16 = conv_bn(s16, half, 1, "lateral16")
    lateral32 = conv_bn(s32, half, 1, "lateral32")
    f16 = keras.layers.Concatenate(name="f16")([lateral16, ResizeLike(name="resize32")([lateral32, lateral16])])
    top = conv_bn(f16, F8_CHANNELS, 1, "top16")
    joined = keras.layers.Concatenate(name="join8")([s8, ResizeLike(name="resize16")([top, s8])])
    f8 = conv_bn(joined, F8_CHANNELS, 3, "lateral8")
    model = keras.Model(base.input, [f4, f8, f16], name="mobilenet_v2")
    laterals = tuple(layer.name for layer in model.layers if layer.name.startswith(("lateral", "top16")))
    last_block = tuple(layer.name for layer in model.layers if layer.name.startswith(LAST_BLOCK))
    return Backbone(model, (*last_block, *laterals), laterals, key_taps=("lateral8_relu", *DEEP_TAPS), stem=STEM)


def _load_folded(base: keras.Model, path: str) -> None:
    """Loads kernels whose batch norm is already folded: gamma 1, beta = bias, mean 0, variance 1 - epsilon."""
    arrays = read_npz(Path(path))
    for layer in base.layers:
        if not isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            continue
        if layer.name == "Conv_1":  # the classifier's 1280 channels, which no tap uses
            continue
        kernel, bias = (arrays.get(f"{layer.name}/{part}") for part in ("kernel", "bias"))
        if kernel is None or bias is None:
            raise TTVOSError(f"{path}: no {layer.name}/kernel and /bias; expected folded MobileNetV2 1.0 weights")
        norm = base.get_layer("bn_Conv1" if layer.name == "Conv1" else f"{layer.name}_BN")
        for part, array, variable in (("kernel", kernel, layer.weights[0]), ("bias", bias, norm.beta)):
            if array.shape != tuple(variable.shape):
                raise TTVOSError(f"{path}: {layer.name}/{part} is {array.shape}, expected {tuple(variable.shape)}")
        layer.set_weights([kernel])
        one = np.ones_like(bias)
        norm.set_weights([one, bias, 0 * one, one - norm.epsilon])
