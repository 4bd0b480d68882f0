"""ResNet-50 (keras.applications) up to stride 16: the backbone of TTVOS-RN.

Stride 32 is left out, as in the authors' released ResNet: conv5 holds 15 of the 24 million parameters, and conv4 is
deep enough to know objects (the HRNet needs its stride-32 branch, which is only a few layers deep). The taps are 256,
512 and 1024 channels of ReLU outputs of any scale, too many to match per object; a 1x1 convolution with batch norm
brings each to a width that a phone can carry and to unit variance.
"""

from pathlib import Path

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.backbones.pretrained import border_color, fold_normalization, load_npz
from ttvos_tf.compat import Tensor, keras, layers
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import PadWithColor

TAPS = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out")  # at strides 4, 8, 16

# keras.applications' "caffe" preprocessing: BGR pixels in [0, 255] minus this mean, not divided by anything.
CAFFE_MEAN = (123.68, 116.779, 103.939)  # RGB
CAFFE_STD = (1.0, 1.0, 1.0)


def build(*, weights: str | None, height: int, width: int) -> Backbone:
    """Frame (B, H, W, 3) -> f4 (16 channels), f8 (32), f16 (128), as MobileNetV2, whose head fits.

    Args:
        weights: None, "imagenet" to download keras.applications' ResNet50, or a file of those weights: Keras `.h5`
            ("notop"), or `.npz` with `<layer>/<variable>`.
        height, width: frame size, multiples of 16.

    Raises:
        TTVOSError: weights that cannot be had or are of another network.
    """
    trunk = _our_input(_pretrained_trunk(weights, height, width), pretrained=weights is not None)
    s4, s8, s16 = trunk.outputs
    features = [_lateral(s4, 16, "lateral4"), _lateral(s8, 32, "lateral8"), _lateral(s16, 128, "lateral16")]
    model = keras.Model(trunk.input, features, name="resnet50")
    laterals = tuple(layer.name for layer in model.layers if layer.name.startswith("lateral"))
    last_block = tuple(layer.name for layer in trunk.layers if layer.name.startswith("conv4_"))
    return Backbone(model, (*last_block, *laterals), laterals, key_taps=TAPS[1:])


def _pretrained_trunk(weights: str | None, height: int, width: int) -> keras.Model:
    """keras.applications' network on its own input, from the frame to the taps."""
    download = weights == "imagenet"
    try:
        base = keras.applications.ResNet50(
            include_top=False, input_shape=(height, width, 3), weights="imagenet" if download else None
        )
    except Exception as error:  # what keras.utils.get_file raises without a network
        raise TTVOSError(f"ResNet50 weights 'imagenet': {error}; give a downloaded file instead") from error
    trunk = keras.Model(base.input, [base.get_layer(tap).output for tap in TAPS], name="ResNet50")
    if weights is None or download:
        return trunk
    if not Path(weights).is_file():
        raise TTVOSError(f"{weights}: no such weights file")
    if weights.endswith(".npz"):
        load_npz(trunk, weights)
        return trunk
    try:
        base.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        expected = "keras.applications' ResNet50 weights without top, .h5"
        raise TTVOSError(f"{weights}: expected {expected} ({error})") from error
    return trunk


def _our_input(trunk: keras.Model, pretrained: bool) -> keras.Model:
    """The same network on our frames: a border of the mean colour, and the preprocessing folded into conv1."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name == "conv1_pad":
            return PadWithColor(3, border_color(CAFFE_MEAN), name=layer.name)
        if isinstance(layer, keras.layers.Activation):  # all are ReLUs, which as layers of their own can be quantised
            return keras.layers.ReLU(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    ours = keras.models.clone_model(trunk, clone_function=clone)
    for layer in ours.layers:
        layer.set_weights(trunk.get_layer(layer.name).get_weights())
    if pretrained:
        conv = ours.get_layer("conv1_conv")
        kernel, bias = conv.get_weights()
        kernel, shift = fold_normalization(kernel[:, :, ::-1], CAFFE_MEAN, CAFFE_STD)
        conv.set_weights([kernel, bias + shift])
    return ours


def _lateral(x: Tensor, channels: int, name: str) -> Tensor:
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.BatchNormalization(synchronized=True, name=f"{name}_bn")(x)
