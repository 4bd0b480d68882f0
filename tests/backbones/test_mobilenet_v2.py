"""The default backbone, against its twin in NumPy."""

import numpy as np
import pytest

from tests.backbones.numpy_mobilenet_v2 import published, random_weights, top_down
from ttvos_tf.compat import keras
from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model

SIZE = (48, 80)  # of odd height at strides 16 and of odd width at stride 16: not everything doubles
LATERALS = ("lateral4", "lateral8", "lateral16", "lateral32", "top16")
TAPS = ("block_2_add", "block_5_add", "block_12_add", "block_16_project_BN")


def encoder_of(weights):
    config = ModelConfig(matching_channels=8, decoder_channels=8)
    return build_model(config, height=SIZE[0], width=SIZE[1], backbone_weights=weights).encoder


@pytest.fixture(scope="module")
def arrays():
    return random_weights()


@pytest.fixture(scope="module")
def encoder(arrays, tmp_path_factory):
    """Of published weights, with batch norms of the project's own layers as if trained."""
    path = tmp_path_factory.mktemp("weights") / "folded.npz"
    np.savez(path, **arrays)
    encoder = encoder_of(str(path))
    rng = np.random.default_rng(1)
    for name in LATERALS:
        norm = encoder.get_layer(f"{name}_bn")
        norm.set_weights([rng.uniform(0.5, 1.5, value.shape).astype(np.float32) for value in norm.get_weights()])
    return encoder


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(2).uniform(-1, 1, (2, *SIZE, 3)).astype(np.float32)


def test_it_computes_what_its_numpy_twin_does(arrays, encoder, frames):
    norms = {
        name: (*encoder.get_layer(f"{name}_conv").get_weights(), *encoder.get_layer(f"{name}_bn").get_weights())
        for name in LATERALS
    }
    inner = keras.Model(encoder.input, [encoder.get_layer(name).output for name in TAPS])(frames)
    outputs = encoder(frames)
    assert [tuple(f.shape[1:]) for f in outputs] == [(12, 20, 16), (6, 10, 32), (3, 5, 128)]
    for index, frame in enumerate(frames):
        taps = published(arrays, frame.astype(np.float64))
        for ours, theirs in zip([*inner, *outputs], [*taps, *top_down(norms, taps)], strict=True):
            assert np.ptp(theirs) > 1
            np.testing.assert_allclose(ours[index], theirs, atol=1e-4 * np.abs(theirs).max())


def test_weights_of_keras(frames, tmp_path):
    """An `.h5` of keras.applications' own network: the same maps as that network gives."""
    keras.utils.set_random_seed(3)
    original = keras.applications.MobileNetV2(input_shape=(*SIZE, 3), include_top=False, weights=None)
    original.save_weights(tmp_path / "weights.h5")
    encoder = encoder_of(str(tmp_path / "weights.h5"))
    ours, theirs = (keras.Model(m.input, [m.get_layer(name).output for name in TAPS]) for m in (encoder, original))
    for got, expected in zip(ours(frames), theirs(frames), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block_5_project/bias": None}, r"w\.npz: no block_5_project/kernel and /bias; expected folded MobileNetV2"),
        (
            {"Conv1/kernel": np.zeros((3, 3, 3, 16))},
            r"w\.npz: Conv1/kernel is \(3, 3, 3, 16\), expected \(3, 3, 3, 32\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(arrays, tmp_path, change, message):
    changed = {name: value for name, value in (arrays | change).items() if value is not None}
    np.savez(tmp_path / "w.npz", **changed)
    with pytest.raises(TTVOSError, match=message):
        encoder_of(str(tmp_path / "w.npz"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.npz: no such weights file"):
        encoder_of(str(tmp_path / "none.npz"))
