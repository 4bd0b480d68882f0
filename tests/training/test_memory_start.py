import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.training.test_loop import TINY, clip_batch
from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model
from ttvos_tf.network.heatmap import normalize
from ttvos_tf.training.memory_start import add_memory, principal_keys, take_weights
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.weights import save_weights, variables

KEYS = 8
REMEMBERS = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, key_channels=KEYS))


@pytest.fixture(scope="module")
def without():
    return build_model(TINY.model, height=32, width=64)


@pytest.fixture(scope="module")
def model(without, tmp_path_factory):
    path = tmp_path_factory.mktemp("start") / "weights.npz"
    save_weights(path, without)
    return add_memory(REMEMBERS, path, Path("."))


def test_it_begins_as_the_network_without_a_memory(model, without):
    frames, masks = clip_batch()[:2]
    mask = masks[:, 0, ..., None].astype(np.float32)
    state, other = model.init(frames[:, 0], mask), without.init(frames[:, 0], mask)
    for t in (1, 2):
        (probability, state), (expected, other) = (
            network.step(frames[:, t], before) for network, before in ((model, state), (without, other))
        )
        np.testing.assert_allclose(probability, expected, atol=1e-5)


def test_keys_are_principal_components(model):
    """Against scikit-like ones: of the taps' maps, each of deviation 1, and along the directions of most variance."""
    frames = np.random.default_rng(0).integers(0, 256, (6, 32, 64, 3), np.uint8)
    frames[:, :, 32:] //= 3
    principal_keys(model, frames)
    layers = [model.encoder.get_layer(f"key_{tap}") for tap in model.backbone.key_taps]
    unit = model.encoder.get_layer("key_unit")
    values = keras.Model(model.encoder.input, unit.input).predict(normalize(frames), verbose=0).reshape(-1, KEYS)
    covariance = np.cov(values, rowvar=False)
    variance = np.diag(covariance)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.05 * np.sqrt(variance.max()))
    assert (np.diff(variance) < 0.02 * variance.max()).all()
    off = covariance - np.diag(variance)
    assert np.abs(off).max() < 0.05 * variance.max()
    assert all(np.any(layer.kernel.numpy()) for layer in layers)


def test_a_memory_of_which_the_head_takes_no_notice_is_trained(without, tmp_path):
    start = build_model(REMEMBERS.model, height=32, width=64)
    take_weights(start, without)
    save_weights(tmp_path / "start.npz", start)
    settings = dataclasses.replace(REMEMBERS, init=str(tmp_path / "start.npz"))
    settings = dataclasses.replace(settings, train=dataclasses.replace(settings.train, far_probability=0.7, warmup=0))
    trainer = Trainer(settings, Path("."))
    names = [name for name in variables(trainer.model) if name.startswith(("key_", "memory_read", "short_3"))]
    before = {name: variables(trainer.model)[name].numpy() for name in names}
    for _ in range(3):  # the head has to look at the memory before keys can get better
        assert np.isfinite(float(trainer.train_step(clip_batch()).total))
    assert len(names) >= 5
    for name in names:
        assert np.any(variables(trainer.model)[name].numpy() != before[name]), name


def test_a_network_without_a_memory_is_refused(tmp_path):
    with pytest.raises(TTVOSError, match="key_channels is 0: the network has no memory to be given"):
        add_memory(TINY, tmp_path / "weights.npz", Path("."))
