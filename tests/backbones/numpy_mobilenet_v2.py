"""MobileNetV2 1.0 in NumPy with folded batch norms, and this project's top-down path: the oracle for mobilenet_v2.py.

Written from the published table (Sandler et al., CVPR 2018, Table 2), so it shares nothing with the Keras code.
Channels last; kernels are (h, w, in, out), depthwise ones (h, w, channels, 1).
"""

import numpy as np

from tests.backbones.numpy_hrnet import resize

# Expansion, channels, blocks, stride of the first one.
TABLE = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
TAPPED = (2, 5, 12, 16)  # the last blocks of strides 4, 8, 16 and 32


def blocks():
    """Of each block: index, channels in, expanded, out, stride."""
    index, given = 0, 32
    for expansion, channels, count, first in TABLE:
        for number in range(count):
            yield index, given, expansion * given, channels, first if number == 0 else 1
            index, given = index + 1, channels


def random_weights(seed=0):
    """Arrays named as the project's `.npz` of folded weights has them; activations stay near one."""
    rng = np.random.default_rng(seed)
    arrays = {}

    def add(name, *shape, fan_in):
        arrays[f"{name}/kernel"] = rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
        arrays[f"{name}/bias"] = rng.normal(0, 0.2, shape[2] if shape[3] == 1 else shape[3]).astype(np.float32)

    add("Conv1", 3, 3, 3, 32, fan_in=27)
    for index, given, expanded, channels, _ in blocks():
        name = f"block_{index}" if index else "expanded_conv"
        if expanded != given:
            add(f"{name}_expand", 1, 1, given, expanded, fan_in=given)
        add(f"{name}_depthwise", 3, 3, expanded, 1, fan_in=9)
        add(f"{name}_project", 1, 1, expanded, channels, fan_in=expanded)
    return arrays


def published(arrays, frame):
    """Frame (H, W, 3) in [-1, 1] -> maps at strides 4, 8, 16 and 32."""
    taps = []
    x = relu6(convolve(frame, arrays["Conv1/kernel"], 2) + arrays["Conv1/bias"])
    for index, given, expanded, channels, stride in blocks():
        name = f"block_{index}" if index else "expanded_conv"
        y = x
        if expanded != given:
            y = relu6(convolve(y, arrays[f"{name}_expand/kernel"], 1) + arrays[f"{name}_expand/bias"])
        y = relu6(depthwise(y, arrays[f"{name}_depthwise/kernel"], stride) + arrays[f"{name}_depthwise/bias"])
        y = convolve(y, arrays[f"{name}_project/kernel"], 1) + arrays[f"{name}_project/bias"]
        x = x + y if stride == 1 and given == channels else y
        if index in TAPPED:
            taps.append(x)
    return taps


def top_down(norms, taps):
    """Published maps -> f4, f8, f16. norms: layer -> (kernel, gamma, beta, mean, variance)."""
    s4, s8, s16, s32 = taps

    def lateral(x, name):
        kernel, gamma, beta, mean, variance = norms[name]
        return relu6((convolve(x, kernel, 1) - mean) / np.sqrt(variance + 1e-3) * gamma + beta)

    half = lateral(s16, "lateral16")
    f16 = np.concatenate([half, resize(lateral(s32, "lateral32"), *half.shape[:2])], axis=-1)
    top = resize(lateral(f16, "top16"), *s8.shape[:2])
    return lateral(s4, "lateral4"), lateral(np.concatenate([s8, top], axis=-1), "lateral8"), f16


def relu6(x):
    return np.clip(x, 0, 6)


def convolve(x, kernel, stride):
    return np.einsum("yxcij,ijco->yxo", windows(x, kernel.shape[0], stride), kernel.astype(np.float64), optimize=True)


def depthwise(x, kernel, stride):
    return np.einsum("yxcij,ijc->yxc", windows(x, kernel.shape[0], stride), kernel[..., 0].astype(np.float64))


def windows(x, size, stride):
    """(rows, columns, channels, size, size): what each output sees; zeros outside, one more below than above."""
    rows, columns = (-(-side // stride) for side in x.shape[:2])
    needed = [max(0, (n - 1) * stride + size - side) for n, side in zip((rows, columns), x.shape[:2], strict=True)]
    padded = np.pad(x, [*((n // 2, n - n // 2) for n in needed), (0, 0)])
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))[::stride, ::stride]
