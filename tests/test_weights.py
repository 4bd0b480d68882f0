import numpy as np
import pytest

from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.weights import read_npz, save_weights, variables, write_npz

CONFIG = ModelConfig(matching_channels=8, decoder_channels=8)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    model = build_model(CONFIG, height=32, width=64)
    save_weights(path, model)
    return path, model


def test_round_trip_to_another_size(saved):
    path, model = saved
    loaded = load_model(path, height=64, width=96)
    assert loaded.config == CONFIG and loaded.size == (64, 96)
    for name, variable in variables(model).items():
        np.testing.assert_array_equal(variables(loaded)[name], variable)


def test_every_variable_has_a_name_of_its_own(saved):
    _, model = saved
    assert len(variables(model)) == sum(len(part.variables) for part in model.parts)


def test_other_architecture_is_named(saved):
    path, _ = saved
    expected = ModelConfig(matching_channels=16, decoder_channels=8)
    with pytest.raises(TTVOSError, match="matching_channels is 8, expected 16"):
        load_model(path, height=32, width=64, expected=expected)


def test_missing_and_misshapen_tensors_are_named(saved, tmp_path):
    arrays = read_npz(saved[0])
    lacking = {name: array for name, array in arrays.items() if name != "weights/short_1/kernel"}
    write_npz(tmp_path / "lacking.npz", lacking)
    with pytest.raises(TTVOSError, match=r"lacking.npz: tensor short_1/kernel is missing"):
        load_model(tmp_path / "lacking.npz", height=32, width=64)
    write_npz(tmp_path / "shape.npz", {**arrays, "weights/short_1/bias": np.zeros(3)})
    with pytest.raises(TTVOSError, match=r"tensor short_1/bias has shape \(3,\), expected \(8,\)"):
        load_model(tmp_path / "shape.npz", height=32, width=64)


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "text", "pickle", "other"])
def test_bad_files_are_named(damage, saved, tmp_path):
    path = tmp_path / "bad.npz"
    content = saved[0].read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":  # in the middle of a compressed array
        flipped = bytearray(content)
        for index in range(len(content) // 2, len(content) // 2 + 64):
            flipped[index] ^= 0x55
        path.write_bytes(flipped)
    elif damage == "text":
        path.write_text("not weights")
    elif damage == "pickle":
        np.savez(path, config=np.array([{}], dtype=object))
    elif damage == "other":
        np.savez(path, x=np.zeros(3))
    with pytest.raises(TTVOSError, match=r"bad\.npz: ") as error:
        load_model(path, height=32, width=64)
    assert "\n" not in str(error.value)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights.npz"
    write_npz(path, {"x": np.ones(2)})

    class Unwritable:
        def __array__(self, *_, **__):
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError):
        write_npz(path, {"x": Unwritable()})
    np.testing.assert_array_equal(read_npz(path)["x"], np.ones(2))
