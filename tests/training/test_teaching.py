import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ttvos_tf.backbones import build_backbone, mobilenet_v2
from ttvos_tf.compat import tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.loop import CHECKPOINT
from ttvos_tf.training.settings import DataSettings, RunSettings, TrainSettings
from ttvos_tf.training.teaching import TAUGHT, Lesson, teach
from ttvos_tf.weights import named_variables, read_npz


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """HRNet taught by a random MobileNetV2, whose weights are written as the published ones are stored."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.npz"
    teacher = mobilenet_v2.published(weights=None, height=64, width=96)
    arrays = {}
    for layer in teacher.layers:
        if kernels := layer.get_weights()[:1] if "conv" in type(layer).__name__.lower() else []:
            channels = kernels[0].shape[-2] if "Depthwise" in type(layer).__name__ else kernels[0].shape[-1]
            arrays |= {f"{layer.name}/kernel": kernels[0], f"{layer.name}/bias": np.zeros(channels, np.float32)}
    np.savez(path, **arrays)
    train = TrainSettings(height=64, width=96, batch_size=2, steps=30, learning_rate=5e-3, warmup=2)
    return RunSettings(
        teacher_weights=str(path), model=ModelConfig(backbone="hrnet"), train=train, data=(DataSettings(),)
    )


def test_student_learns_and_its_backbone_loads(settings, tmp_path):
    lesson = teach(settings, Path("."), tmp_path)
    assert lesson.step == 30
    frames = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    # Before the first step and after the last one the learning rate is zero: this only measures.
    untaught, after = (float(tf.add_n(each.teach(frames))) for each in (Lesson(settings, Path(".")), lesson))
    assert after < 0.8 * untaught
    taught = read_npz(tmp_path / TAUGHT)
    backbone = build_backbone("hrnet", weights=str(tmp_path / TAUGHT), height=64, width=96)
    for name, variable in named_variables(backbone).items():
        np.testing.assert_array_equal(variable, taught[name], err_msg=name)


def test_resume_goes_on(settings, tmp_path):
    small = dataclasses.replace(settings, model=ModelConfig(backbone="mobilenet_v2"))  # the fastest to build
    teach(dataclasses.replace(small, train=dataclasses.replace(small.train, steps=2)), Path("."), tmp_path)
    saved = read_npz(tmp_path / CHECKPOINT)
    lesson = Lesson(small, Path("."))
    lesson.restore(tmp_path / CHECKPOINT)
    assert lesson.step == 2
    for name, variable in named_variables(lesson.guesser).items():
        np.testing.assert_array_equal(variable, saved[name], err_msg=name)


def test_teacher_is_needed(settings, tmp_path):
    with pytest.raises(TTVOSError, match="teacher_weights is missing"):
        teach(dataclasses.replace(settings, teacher_weights=""), Path("."), tmp_path)
