import re

import numpy as np
import pytest

from tests.backbones.numpy_hrnet import forward, random_state
from tests.backbones.torch_files import save_legacy, save_zip, view
from ttvos_tf.backbones.convert_torch import main
from ttvos_tf.backbones.registry import build_backbone

HEADS = {
    "incre_modules.0.0.conv1.weight": np.zeros((32, 16, 1, 1), np.float32),
    "downsamp_modules.0.0.weight": np.zeros((8, 8, 3, 3), np.float32),
    "final_layer.0.bias": np.zeros(2048, np.float32),
    "classifier.weight": np.zeros((1000, 2048), np.float32),
    "last_layer.3.bias": np.zeros(19, np.float32),
}


def write(path, state, save=save_zip, prefix=""):
    save(path, {prefix + name: view(array) for name, array in state.items()})


@pytest.fixture(scope="module")
def state():
    return random_state()


@pytest.mark.parametrize("save", [save_zip, save_legacy])
def test_round_trip_equals_the_numpy_network_on_normalised_pixels(tmp_path, state, save):
    # 48 and 80 are multiples of 16 only: stride-32 maps are resized to sizes that are not twice their own.
    height, width = 48, 80
    write(tmp_path / "in.pth", {**state, **HEADS}, save, prefix="module.")
    assert main([str(tmp_path / "in.pth"), str(tmp_path / "out.npz")]) == 0

    model = build_backbone("hrnet", weights=str(tmp_path / "out.npz"), height=height, width=width).model
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3))
    ours = model(pixels[None].astype(np.float32) / 127.5 - 1)

    for mine, theirs in zip(ours, forward(state, pixels), strict=True):
        np.testing.assert_allclose(mine[0], theirs, atol=2e-5 * np.abs(theirs).max())


def changed(state, name, array):
    return {key: value for key, value in {**state, name: array}.items() if value is not None}


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("stage4.0.branches.1.0.conv1.weight", None, "tensor stage4.0.branches.1.0.conv1.weight is missing"),
        ("bn1.running_var", None, "tensor bn1.running_var is missing"),
        ("conv1.weight", np.zeros((64, 3, 7, 7), np.float32), r"tensor conv1.weight has shape \(64, 3, 7, 7\)"),
        ("stage2.0.fuse_layers.0.1.1.bias", np.zeros(32, np.float32), r"fuse_layers.0.1.1.bias has shape \(32,\)"),
        ("layer1.1.conv1.weight", np.zeros((32, 128, 1, 1), np.float32), "unexpected tensor layer1.1.conv1.weight"),
    ],
)
def test_wrong_tensors_are_named(tmp_path, state, capsys, name, array, message):
    write(tmp_path / "in.pth", changed(state, name, array))
    assert main([str(tmp_path / "in.pth"), str(tmp_path / "out.npz")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ttvos: error: {tmp_path}/in.pth: ") and error.count("\n") == 1
    assert re.search(message, error)
    assert not (tmp_path / "out.npz").exists()


def test_bad_files_make_no_output(tmp_path, capsys):
    (tmp_path / "in.pth").write_bytes(b"not a checkpoint")
    for source, target in (("in.pth", "out.npz"), ("none.pth", "out.npz"), ("in.pth", "out.h5")):
        assert main([str(tmp_path / source), str(tmp_path / target)]) == 2
        assert capsys.readouterr().err.startswith("ttvos: error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in.pth"]
