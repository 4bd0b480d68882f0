import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.scripts import load_script
from tests.training.tiny import TINY, clip_batch
from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import load_model
from ttvos_tf.network.heatmap import normalize
from ttvos_tf.training.memory_start import add_memory, principal_keys
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.weights import config_of, read_npz, save_weights, variables

WEIGHTS = Path(__file__).parents[2] / "weights/hrnet.npz"  # has no memory; random features would be all but constant
CONFIG = config_of(read_npz(WEIGHTS), WEIGHTS)
KEYS = 8
REMEMBERS = dataclasses.replace(TINY, model=dataclasses.replace(CONFIG, key_channels=KEYS))


@pytest.fixture(scope="module")
def model():
    return add_memory(REMEMBERS, WEIGHTS, Path("."))


def test_it_begins_as_the_network_without_a_memory(model):
    without = load_model(WEIGHTS, height=32, width=64)
    frames, masks = clip_batch()[:2]
    mask = masks[:, 0, ..., None].astype(np.float32)
    state, other = model.init(frames[:, 0], mask), without.init(frames[:, 0], mask)
    for t in (1, 2):
        (probability, state), (expected, other) = (
            network.step(frames[:, t], before) for network, before in ((model, state), (without, other))
        )
        np.testing.assert_allclose(probability, expected, atol=1e-5)


def test_what_it_leaves_is_trained_on(model, tmp_path):
    save_weights(tmp_path / "start.npz", model)
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


def test_keys_are_principal_components(model):
    """Components have no mean, are not correlated, and the first vary most."""
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


def test_a_network_without_a_memory_is_refused(tmp_path):
    with pytest.raises(TTVOSError, match="key_channels is 0: the network has no memory to be given"):
        add_memory(TINY, tmp_path / "weights.npz", Path("."))


def test_bad_input_is_one_line(tmp_path, capsys):
    script = load_script("training/add_memory.py")
    given = ["--config", "none.toml", "--weights", "none.npz", "--out", str(tmp_path / "out.npz")]
    assert script.main(given) == 2
    assert capsys.readouterr().err == "add_memory.py: error: none.toml: no such file\n"
    assert not list(tmp_path.iterdir())
