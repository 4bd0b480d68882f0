"""HRNetV2-W18-Small-v1 (the paper's backbone, section 4) as in the official segmentation code, up to stage 4.

A layer is named as the module that holds its weights in the official PyTorch code, so `stage4.0.branches.1.0.conv1` is
the Keras layer for `stage4.0.branches.1.0.conv1.weight`; convert_torch.py relies on it.

Fusing branches resizes the smaller map bilinearly to the size of the larger one. The segmentation code does so, and
TTVOS with it; the ImageNet checkpoint that both start from was trained with nearest-neighbour upsampling.
"""

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.backbones.pretrained import border_color, load_npz
from ttvos_tf.compat import Tensor, keras, layers
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import PadWithColor, ResizeLike

BRANCH_CHANNELS = (16, 32, 64, 128)  # at strides 4, 8, 16, 32
BLOCKS_PER_BRANCH = 2
STEM_CHANNELS = 64
BOTTLENECK_CHANNELS = 32

# ImageNet statistics of RGB pixels in [0, 255]: what the official weights were trained with.
IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def build(*, weights: str | None, height: int, width: int) -> Backbone:
    """Frame (B, H, W, 3) -> f4 (16 channels), f8 (32), f16 (192: 64, and 128 from stride 32).

    Outputs are sums of batch-normalised maps after ReLU: standard deviation 1.4 to 2.0 with random weights and batch
    statistics (measured at 480x864).

    Args:
        weights: None, or an `.npz` written by convert_torch.py.
        height, width: frame size, multiples of 16.

    Raises:
        TTVOSError: weights that are not such a file.
    """
    if weights is not None and not weights.endswith(".npz"):
        how = "python -m ttvos_tf.backbones.convert_torch IN.pth OUT.npz"
        raise TTVOSError(f"HRNet weights {weights!r}: expected an .npz file, made by `{how}`")
    frame = layers.Input((height, width, 3), name="frame")
    x = _relu(_stem(frame), "bn1.relu")
    x = _relu(_conv_bn(x, STEM_CHANNELS, 3, "conv2", "bn2", stride=2), "bn2.relu")
    branches = [_bottleneck(x, BOTTLENECK_CHANNELS, "layer1.0")]
    for stage in (2, 3, 4):
        branches = _transition(branches, BRANCH_CHANNELS[:stage], f"transition{stage - 1}")
        branches = _module(branches, f"stage{stage}.0")
    f4, f8, s16, s32 = branches
    f16 = layers.Concatenate(name="f16")([s16, ResizeLike(name="resize32")([s32, s16])])
    model = keras.Model(frame, [f4, f8, f16], name="hrnet")
    if weights is not None:
        load_npz(model, weights)
    return Backbone(
        model,
        last_block=tuple(layer.name for layer in model.layers if layer.name.startswith("stage4.")),
        key_taps=tuple(tensor.node.layer.name for tensor in (f8, s16, s32)),
    )


def _stem(frame: Tensor) -> Tensor:
    x = PadWithColor(1, border_color(IMAGENET_MEAN), name="conv1.pad")(frame)
    return _norm(_conv(x, STEM_CHANNELS, 3, "conv1", stride=2, padding="valid"), "bn1")


def _bottleneck(x: Tensor, channels: int, name: str) -> Tensor:
    y = _relu(_conv_bn(x, channels, 1, f"{name}.conv1", f"{name}.bn1"), f"{name}.bn1.relu")
    y = _relu(_conv_bn(y, channels, 3, f"{name}.conv2", f"{name}.bn2"), f"{name}.bn2.relu")
    y = _conv_bn(y, 4 * channels, 1, f"{name}.conv3", f"{name}.bn3")
    shortcut = _conv_bn(x, 4 * channels, 1, f"{name}.downsample.0", f"{name}.downsample.1")
    return _relu(layers.Add(name=f"{name}.add")([y, shortcut]), f"{name}.relu")


def _basic_block(x: Tensor, name: str) -> Tensor:
    channels = x.shape[-1]
    y = _relu(_conv_bn(x, channels, 3, f"{name}.conv1", f"{name}.bn1"), f"{name}.bn1.relu")
    y = _conv_bn(y, channels, 3, f"{name}.conv2", f"{name}.bn2")
    return _relu(layers.Add(name=f"{name}.add")([y, x]), f"{name}.relu")


def _transition(branches: list, channels: tuple[int, ...], name: str) -> list:
    """Brings the existing branches to their channels and starts one more at half the smallest one's resolution."""
    outputs = []
    for index, (x, wanted) in enumerate(zip(branches, channels, strict=False)):
        if x.shape[-1] != wanted:
            part = f"{name}.{index}"
            x = _relu(_conv_bn(x, wanted, 3, f"{part}.0", f"{part}.1"), f"{part}.relu")
        outputs.append(x)
    part = f"{name}.{len(branches)}.0"
    new = _conv_bn(branches[-1], channels[-1], 3, f"{part}.0", f"{part}.1", stride=2)
    return [*outputs, _relu(new, f"{part}.relu")]


def _module(branches: list, name: str) -> list:
    """One high-resolution module: residual blocks on each branch, then every branch receives the sum of all."""
    maps = []
    for index, x in enumerate(branches):
        for block in range(BLOCKS_PER_BRANCH):
            x = _basic_block(x, f"{name}.branches.{index}.{block}")
        maps.append(x)
    return [_fuse(maps, index, f"{name}.fuse_layers.{index}") for index in range(len(maps))]


def _fuse(maps: list[Tensor], target: int, name: str) -> Tensor:
    total = None
    for source, x in enumerate(maps):
        part = f"{name}.{source}"
        if source < target:
            x = _downsample(x, target - source, maps[target].shape[-1], part)
        elif source > target:
            x = _conv_bn(x, maps[target].shape[-1], 1, f"{part}.0", f"{part}.1")
            x = ResizeLike(name=f"{part}.resize")([x, maps[target]])
        # Two at a time: int8 conversion leaves the inner sums of a longer Add in float.
        total = x if total is None else layers.Add(name=f"{part}.add")([total, x])
    return _relu(total, f"{name}.relu")


def _downsample(x: Tensor, steps: int, channels: int, name: str) -> Tensor:
    """Halves x `steps` times; only the last step changes the channels and has no ReLU."""
    for step in range(steps - 1):
        part = f"{name}.{step}"
        x = _relu(_conv_bn(x, x.shape[-1], 3, f"{part}.0", f"{part}.1", stride=2), f"{part}.relu")
    part = f"{name}.{steps - 1}"
    return _conv_bn(x, channels, 3, f"{part}.0", f"{part}.1", stride=2)


def _conv_bn(x: Tensor, channels: int, kernel_size: int, conv: str, norm: str, stride: int = 1) -> Tensor:
    if stride == 1:
        return _norm(_conv(x, channels, kernel_size, conv), norm)
    # PyTorch pads both sides by one; SAME would pad an even size only at its end and shift the result by a pixel.
    x = layers.ZeroPadding2D(1, name=f"{conv}.pad")(x)
    return _norm(_conv(x, channels, kernel_size, conv, stride=stride, padding="valid"), norm)


def _conv(x: Tensor, channels: int, kernel_size: int, name: str, stride: int = 1, padding: str = "same") -> Tensor:
    init = keras.initializers.HeNormal()
    conv = layers.Conv2D(channels, kernel_size, stride, padding, use_bias=False, kernel_initializer=init, name=name)
    return conv(x)


def _norm(x: Tensor, name: str) -> Tensor:
    return layers.BatchNormalization(epsilon=1e-5, synchronized=True, name=name)(x)


def _relu(x: Tensor, name: str) -> Tensor:
    return layers.ReLU(name=name)(x)
