"""Quantisation-aware training: `[model] quantized = true` with float weights to start from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.training.tiny import TINY, clip_batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.convert import convert
from ttvos_tf.factory import load_model
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.weights import config_of, read_npz, variables, write_npz

# Features of random weights would be all but constant, and rounded to nothing.
FLOAT = Path(__file__).parents[2] / "weights/mobilenet_v2.npz"


@pytest.fixture(scope="module")
def settings():
    """A few steps of training that start from the released float weights."""
    quantized = dataclasses.replace(config_of(read_npz(FLOAT), FLOAT), quantized=True)
    train = dataclasses.replace(TINY.train, steps=4, checkpoint_every=2, learning_rate=1e-3)
    return dataclasses.replace(TINY, init=str(FLOAT), model=quantized, train=train)


def test_training_from_the_float_weights(settings, tmp_path):
    trainer = Trainer(settings, Path("."))
    given, started = read_npz(FLOAT), {name: v.numpy() for name, v in variables(trainer.model).items()}
    untouched = ("decoder_8/", "short_2/", "transition_")
    shared = {name: v for name, v in started.items() if name.startswith(untouched) and "/output_" not in name}
    assert len(shared) >= 6
    for name, value in shared.items():
        np.testing.assert_array_equal(value, given[f"weights/{name}"], err_msg=name)

    names = {v.name.removesuffix(":0") for v in trainer.trained}
    assert any(name.startswith("block_16_") for name in names)
    assert not any(name.startswith(("Conv1", "block_1_", "block_13_")) for name in names)
    for _ in range(3):  # the first step's learning rate is zero
        assert np.isfinite(float(trainer.train_step(clip_batch()).total))
    for name, variable in variables(trainer.model).items():
        if name in names:
            assert np.any(variable.numpy() != started[name]), name
        elif not name.endswith(("/output_low", "/output_high", "/output_seen")):
            np.testing.assert_array_equal(variable, started[name], err_msg=name)

    write_npz(tmp_path / "checkpoint.npz", trainer.checkpoint())
    trainer.export_weights(tmp_path / "weights.npz")
    assert convert(load_model(tmp_path / "weights.npz", height=32, width=64), "int8")
    trainer.restore(tmp_path / "checkpoint.npz")
    assert trainer.step == 3


def test_imitation_follows_the_float_network(settings):
    train = dataclasses.replace(settings.train, targets="init", steps=24, learning_rate=3e-4)
    trainer = Trainer(dataclasses.replace(settings, train=train), Path("."))
    teacher = load_model(FLOAT, height=32, width=64)
    before = {name: v.numpy() for name, v in variables(teacher).items()}
    trainer.train_step(clip_batch())  # sets the ranges
    spoilt = variables(trainer.model)["decoder_8/kernel"]  # it begins as good as the float network: nothing to learn
    spoilt.assign(0.5 * spoilt)
    losses = [float(trainer.train_step(clip_batch()).total) for _ in range(12)]
    assert 0 < np.mean(losses[-3:]) < np.mean(losses[:3])
    for name, variable in variables(trainer.teachers[32, 64]).items():
        np.testing.assert_array_equal(variable, before[name], err_msg=name)


def test_imitation_needs_a_float_network(settings):
    train = dataclasses.replace(settings.train, targets="init")
    with pytest.raises(TTVOSError, match=r'train\.targets = "init" needs model\.quantized = true and float weights'):
        Trainer(dataclasses.replace(TINY, train=dataclasses.replace(TINY.train, targets="init")), Path("."))
    with pytest.raises(TTVOSError, match=r"needs model\.quantized"):
        Trainer(dataclasses.replace(settings, init="", train=train), Path("."))
    with pytest.raises(TTVOSError, match='must be "labels" or "init"'):
        dataclasses.replace(settings.train, targets="teacher")
