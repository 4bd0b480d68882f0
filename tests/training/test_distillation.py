import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.training.distillation import FeatureDistiller, distill, relative_error, transfer_head
from ttvos_tf.training.records import CHECKPOINT, RELEASE
from ttvos_tf.training.settings import DataSettings, RunSettings, TrainSettings
from ttvos_tf.weights import named_variables, read_npz, save_weights

HEAD = {"matching_channels": 8, "decoder_channels": 8}


def network(backbone):
    return build_model(ModelConfig(backbone=backbone, **HEAD), height=64, width=96)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """HRNet taught by a MobileNetV2 with random weights."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.npz"
    save_weights(path, network("mobilenet_v2"))
    train = TrainSettings(height=64, width=96, batch_size=2, steps=30, learning_rate=5e-3, warmup=2)
    student = ModelConfig(backbone="hrnet", **HEAD)
    return RunSettings(teacher_weights=str(path), model=student, train=train, data=(DataSettings(),))


def errors_of(distiller):
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)
    maps = zip(distiller.student.encoder(frames, training=True), distiller.teacher(frames), strict=True)
    return [float(relative_error(guess[..., : target.shape[-1]], target)) for guess, target in maps]


def test_student_learns_and_is_a_network(settings, tmp_path):
    distiller = distill(settings, Path("."), tmp_path)
    assert distiller.step == 30
    untaught, after = (sum(errors_of(student)) for student in (FeatureDistiller(settings, Path(".")), distiller))
    assert after < 0.8 * untaught
    saved = read_npz(tmp_path / CHECKPOINT)
    released = load_model(tmp_path / RELEASE, height=64, width=96, expected=settings.model)
    for name, variable in named_variables(released.encoder).items():
        np.testing.assert_array_equal(variable, saved[name], err_msg=name)


def test_head_makes_the_same_of_a_perfect_students_maps():
    teacher, student = network("mobilenet_v2"), network("hrnet")
    transfer_head(student, teacher)
    rng = np.random.default_rng(1)
    shapes = [(1, *part.shape[1:]) for part in student.segmentation_head.inputs]
    maps = [rng.random(shape).astype(np.float32) for shape in shapes]  # feat4, feat8, feat16, then the state
    known = [values[..., : part.shape[-1]] for values, part in zip(maps, teacher.segmentation_head.inputs, strict=True)]
    for ours, theirs in zip(student.segmentation_head(maps), teacher.segmentation_head(known), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert maps[2].shape[-1] > known[2].shape[-1]  # of stride 16, it knows more


def test_heads_have_to_fit():
    other = build_model(ModelConfig(matching_channels=16, decoder_channels=8), height=64, width=96)
    with pytest.raises(TTVOSError, match="the teacher's head does not fit: short_1/kernel"):
        transfer_head(network("hrnet"), other)


def test_a_memory_is_taught_by_a_network_with_one(settings, tmp_path):
    model = dataclasses.replace(settings.model, key_channels=4)
    with pytest.raises(TTVOSError, match="key_channels is 4, but the teacher's 0"):
        FeatureDistiller(dataclasses.replace(settings, model=model), Path("."))
    path = tmp_path / "teacher.npz"
    save_weights(path, build_model(ModelConfig(**HEAD, key_channels=4), height=64, width=96))
    distiller = FeatureDistiller(dataclasses.replace(settings, model=model, teacher_weights=str(path)), Path("."))
    assert distiller.loss_names == ("feat4", "feat8", "feat16", "feat_key")


def test_a_dense_stem_is_taught_what_it_replaces(settings, tmp_path):
    model = ModelConfig(**HEAD, dense_stem=True)
    small = dataclasses.replace(settings, model=model)
    distiller = distill(small, Path("."), tmp_path)
    assert distiller.loss_names == ("stem4", "stem8")
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)

    def error(learner):
        maps = zip(learner(frames, training=True), distiller.teacher(frames), strict=True)
        return sum(float(relative_error(guess, target)) for guess, target in maps)

    assert error(distiller.learner) < 0.8 * error(FeatureDistiller(small, Path(".")).learner)
    teacher = load_model(Path(settings.teacher_weights), height=64, width=96)
    taught = {v.name: v.numpy() for v in distiller.student.encoder.variables}
    shared = [v for v in teacher.encoder.variables if v.name in taught]
    assert len(shared) > 100 and not any(v.name.startswith("stem") for v in shared)
    for variable in shared:
        np.testing.assert_array_equal(taught[variable.name], variable, err_msg=variable.name)


def test_resume_goes_on(settings, tmp_path):
    small = dataclasses.replace(settings, model=ModelConfig(backbone="mobilenet_v2", **HEAD))  # the fastest to build
    distill(dataclasses.replace(small, train=dataclasses.replace(small.train, steps=2)), Path("."), tmp_path)
    saved = read_npz(tmp_path / CHECKPOINT)
    distiller = FeatureDistiller(small, Path("."))
    distiller.restore(tmp_path / CHECKPOINT)
    assert distiller.step == 2
    for name, variable in named_variables(distiller.student.encoder).items():
        np.testing.assert_array_equal(variable, saved[name], err_msg=name)


def test_teacher_is_needed(settings, tmp_path):
    with pytest.raises(TTVOSError, match="teacher_weights is missing"):
        distill(dataclasses.replace(settings, teacher_weights=""), Path("."), tmp_path)


def test_one_size_is_taught(settings, tmp_path):
    train = dataclasses.replace(settings.train, further_sizes=("32x64",))
    with pytest.raises(TTVOSError, match="further_sizes: features are taught at one size"):
        distill(dataclasses.replace(settings, train=train), Path("."), tmp_path)
