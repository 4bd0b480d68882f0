"""HRNetV2-W18-Small-v1 in NumPy, driven by the names of a PyTorch state dict: the oracle for hrnet.py.

Channels last; kernels are (out, in, h, w) as PyTorch stores them. Written from the published definition, so it shares
nothing with the Keras code.
"""

import numpy as np

CHANNELS = (16, 32, 64, 128)
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def random_state(seed: int = 0) -> dict[str, np.ndarray]:
    """A state dict of the right names and shapes with random values, as if trained; without a head."""
    rng = np.random.default_rng(seed)
    state = {}

    def conv_bn(conv, bn, inputs, outputs, size):
        scale = np.sqrt(2 / (inputs * size * size))
        state[f"{conv}.weight"] = rng.normal(0, scale, (outputs, inputs, size, size)).astype(np.float32)
        state[f"{bn}.weight"] = rng.uniform(0.3, 0.8, outputs).astype(np.float32)
        state[f"{bn}.bias"] = rng.normal(0, 0.3, outputs).astype(np.float32)
        state[f"{bn}.running_mean"] = rng.normal(0, 0.5, outputs).astype(np.float32)
        state[f"{bn}.running_var"] = rng.uniform(0.5, 2.0, outputs).astype(np.float32)
        state[f"{bn}.num_batches_tracked"] = np.array(1000)

    conv_bn("conv1", "bn1", 3, 64, 3)
    conv_bn("conv2", "bn2", 64, 64, 3)
    conv_bn("layer1.0.conv1", "layer1.0.bn1", 64, 32, 1)
    conv_bn("layer1.0.conv2", "layer1.0.bn2", 32, 32, 3)
    conv_bn("layer1.0.conv3", "layer1.0.bn3", 32, 128, 1)
    conv_bn("layer1.0.downsample.0", "layer1.0.downsample.1", 64, 128, 1)
    conv_bn("transition1.0.0", "transition1.0.1", 128, 16, 3)
    conv_bn("transition1.1.0.0", "transition1.1.0.1", 128, 32, 3)
    conv_bn("transition2.2.0.0", "transition2.2.0.1", 32, 64, 3)
    conv_bn("transition3.3.0.0", "transition3.3.0.1", 64, 128, 3)
    for stage in (2, 3, 4):
        for branch in range(stage):
            for block in range(2):
                name = f"stage{stage}.0.branches.{branch}.{block}"
                for part in "12":
                    conv_bn(f"{name}.conv{part}", f"{name}.bn{part}", CHANNELS[branch], CHANNELS[branch], 3)
        for i in range(stage):
            for j in range(stage):
                name = f"stage{stage}.0.fuse_layers.{i}.{j}"
                if j > i:
                    conv_bn(f"{name}.0", f"{name}.1", CHANNELS[j], CHANNELS[i], 1)
                for k in range(i - j):
                    outputs = CHANNELS[i] if k == i - j - 1 else CHANNELS[j]
                    conv_bn(f"{name}.{k}.0", f"{name}.{k}.1", CHANNELS[j], outputs, 3)
    return state


def forward(state: dict[str, np.ndarray], pixels: np.ndarray) -> list[np.ndarray]:
    """uint8 RGB (H, W, 3) -> f4, f8, f16, normalised and padded as the official code does."""

    def conv_bn(x, conv, bn, stride=1, relu=True):
        y = convolve(x, state[f"{conv}.weight"], stride)
        y = (y - state[f"{bn}.running_mean"]) / np.sqrt(state[f"{bn}.running_var"] + 1e-5)
        y = y * state[f"{bn}.weight"] + state[f"{bn}.bias"]
        return np.maximum(y, 0) if relu else y

    def fuse(maps, name, i):
        total = 0
        for j, x in enumerate(maps):
            if j > i:
                x = resize(conv_bn(x, f"{name}.{j}.0", f"{name}.{j}.1", relu=False), *maps[i].shape[:2])
            for k in range(i - j):
                x = conv_bn(x, f"{name}.{j}.{k}.0", f"{name}.{j}.{k}.1", 2, relu=k < i - j - 1)
            total = total + x
        return np.maximum(total, 0)

    x = (pixels / 255 - MEAN) / STD
    x = conv_bn(conv_bn(x, "conv1", "bn1", 2), "conv2", "bn2", 2)
    y = conv_bn(conv_bn(x, "layer1.0.conv1", "layer1.0.bn1"), "layer1.0.conv2", "layer1.0.bn2")
    y = conv_bn(y, "layer1.0.conv3", "layer1.0.bn3", relu=False)
    x = np.maximum(y + conv_bn(x, "layer1.0.downsample.0", "layer1.0.downsample.1", relu=False), 0)
    maps = [conv_bn(x, "transition1.0.0", "transition1.0.1"), conv_bn(x, "transition1.1.0.0", "transition1.1.0.1", 2)]
    for stage in (2, 3, 4):
        if stage > 2:
            name = f"transition{stage - 1}.{stage - 1}.0"
            maps.append(conv_bn(maps[-1], f"{name}.0", f"{name}.1", 2))
        for branch in range(stage):
            for block in range(2):
                name = f"stage{stage}.0.branches.{branch}.{block}"
                y = conv_bn(maps[branch], f"{name}.conv1", f"{name}.bn1")
                y = conv_bn(y, f"{name}.conv2", f"{name}.bn2", relu=False)
                maps[branch] = np.maximum(y + maps[branch], 0)
        maps = [fuse(maps, f"stage{stage}.0.fuse_layers.{i}", i) for i in range(stage)]
    f4, f8, s16, s32 = maps
    return [f4, f8, np.concatenate([s16, resize(s32, *s16.shape[:2])], axis=-1)]


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """PyTorch's Conv2d with padding (k - 1) / 2 on all four sides."""
    size = kernel.shape[-1]
    pad = (size - 1) // 2
    x = np.pad(x, [(pad, pad), (pad, pad), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (0, 1))[::stride, ::stride]
    return np.einsum("yxihw,oihw->yxo", windows, kernel, optimize=True)


def resize(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, half-pixel centres, as interpolate(mode="bilinear", align_corners=False)."""
    for axis, size in enumerate((height, width)):
        source = np.clip((np.arange(size) + 0.5) * x.shape[axis] / size - 0.5, 0, x.shape[axis] - 1)
        low = np.floor(source).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        weight = np.expand_dims(source - low, [d for d in range(3) if d != axis])
        x = np.take(x, low, axis) * (1 - weight) + np.take(x, high, axis) * weight
    return x
