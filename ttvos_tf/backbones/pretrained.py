"""Published weights: loading them, and letting them see our frames (x / 127.5 - 1, RGB) exactly as they saw theirs.

Their inputs differ in two ways: pixels were normalised with another mean and deviation, which folds into the first
convolution; and that convolution's zero padding stood for pixels of the mean colour, which in our range are not zero.
"""

from pathlib import Path

import numpy as np

from ttvos_tf.compat import keras
from ttvos_tf.weights import assign, named_variables, read_npz


def load_npz(model: keras.Model, path: str) -> None:
    """Sets every variable of a model from an `.npz` with one array a variable, named `<layer>/<variable>`.

    Raises:
        TTVOSError: the file is not readable, or lacks a tensor, or has one of another shape.
    """
    assign(named_variables(model), read_npz(Path(path)), Path(path))


def border_color(mean: tuple[float, float, float]) -> tuple[float, ...]:
    """Mean RGB colour in [0, 255] -> the same colour in our range [-1, 1]."""
    return tuple(value / 127.5 - 1 for value in mean)


def fold_normalization(
    kernel: np.ndarray, mean: tuple[float, float, float], std: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Moves (pixel - mean) / std, pixel = 127.5 (x + 1), into the convolution that follows it.

    Args:
        kernel: (k, k, 3, out), its input channels RGB.
        mean, std: of RGB pixels in [0, 255].

    Returns:
        A kernel of the same shape and a bias (out,), both float32: conv(x, kernel) + bias on our x equals the old
        convolution on its own input, at the border too if x is padded with `border_color(mean)`.
    """
    scale = 127.5 / np.asarray(std, np.float64)
    offset = (127.5 - np.asarray(mean, np.float64)) / np.asarray(std, np.float64)
    bias = np.einsum("hwio,i->o", kernel, offset)
    return (kernel * scale[:, None]).astype(np.float32), bias.astype(np.float32)
