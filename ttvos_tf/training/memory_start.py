"""Gives a trained network a memory to train on with (network/memory.py): it begins as good as it was, and more.

At first, the head takes no notice of what the memory tells: kernels get zeros for the new channels. The keys are
principal components of the backbone's features, so that places are told from each other before any training.
"""

import dataclasses
from pathlib import Path

import numpy as np

from ttvos_tf.compat import keras, tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.loader import make_batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.network.heatmap import normalize
from ttvos_tf.network.ttvos import TTVOS
from ttvos_tf.training.loop import open_sources
from ttvos_tf.training.optimizer import prepare
from ttvos_tf.training.settings import RunSettings
from ttvos_tf.weights import variables

FRAMES = 32  # that principal components are of


def add_memory(settings: RunSettings, weights: Path, data_root: Path) -> TTVOS:
    """The network that a run is to start from.

    Args:
        settings: of the run, whose network has a memory.
        weights: of the same network without one.
        data_root: what the settings' paths are relative to.

    Raises:
        TTVOSError: the run's network has no memory, or bad data or weights.
    """
    train = settings.train
    if not settings.model.key_channels:
        raise TTVOSError("model.key_channels is 0: the network has no memory to be given")
    prepare(train)
    sources = open_sources(settings, data_root)
    expected = dataclasses.replace(settings.model, key_channels=0)
    without = load_model(weights, height=train.height, width=train.width, expected=expected)
    model = build_model(settings.model, height=train.height, width=train.width)
    take_weights(model, without)
    frames = make_batch(sources, [ClipSpec(1, train.height, train.width)], FRAMES, train.seed, 0).frames[:, 0]
    principal_keys(model, frames)
    return model


def take_weights(model: TTVOS, without: TTVOS) -> None:
    """Gives a network with a memory the weights of one without; where a kernel takes more channels, zeros for these."""
    known = {name: variable.numpy() for name, variable in variables(without).items()}
    for name, variable in variables(model).items():
        if name in known:
            values = known[name]
            missing = [(0, wanted - size) for wanted, size in zip(variable.shape, values.shape, strict=True)]
            variable.assign(np.pad(values, missing))


def principal_keys(model: TTVOS, frames: np.ndarray) -> None:
    """Makes keys the first principal components of the backbone's features; each tap counts alike by its deviation.

    Args:
        model: a network with a memory.
        frames: uint8 RGB (B, H, W, 3), what the components are of.
    """
    layers = [model.encoder.get_layer(f"key_{tap}") for tap in model.backbone.key_taps]
    taps = keras.Model(model.encoder.input, [layer.input for layer in layers])
    size = model.encoder.outputs[2].shape[1:3]
    maps = [
        tf.image.resize(values, size).numpy() for values in taps.predict(normalize(frames), batch_size=4, verbose=0)
    ]
    scales = [values.std() for values in maps]
    joined = np.concatenate([values / scale for values, scale in zip(maps, scales, strict=True)], axis=-1)
    joined = joined.reshape(-1, joined.shape[-1]).astype(np.float64)
    _, components = np.linalg.eigh(np.cov(joined, rowvar=False))
    kernel = components[:, ::-1][:, : model.config.key_channels]
    rows = np.cumsum([values.shape[-1] for values in maps])[:-1]
    for layer, part, scale in zip(layers, np.split(kernel, rows), scales, strict=True):
        layer.kernel.assign((part / scale)[None, None])
    layers[0].bias.assign(-joined.mean(axis=0) @ kernel)
