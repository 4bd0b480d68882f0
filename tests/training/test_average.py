from pathlib import Path

import numpy as np
import pytest

from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.weights import read_npz, save_weights, write_npz

SCRIPT = "training/average.py"


def write(path, value, shape=(2, 3), **options):
    config = np.array(ModelConfig(**options).to_json())
    write_npz(path, {"config": config, "weights/conv/kernel": np.full(shape, value, np.float32), "adam/step": value})
    return str(path)


def test_tensors_are_averaged(script, tmp_path):
    files = [write(tmp_path / f"{value}.npz", value) for value in (1.0, 2.0, 6.0)]
    out = tmp_path / "mean/weights.npz"
    assert script.main([*files, "--out", str(out)]) == 0
    mean = read_npz(out)
    assert mean.keys() == {"config", "weights/conv/kernel"}
    assert mean["weights/conv/kernel"].dtype == np.float32
    np.testing.assert_array_equal(mean["weights/conv/kernel"], np.full((2, 3), 3.0))
    assert str(mean["config"]) == ModelConfig().to_json()


def test_half_floats_are_half_the_size_and_load(script, tmp_path):
    network = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)
    save_weights(tmp_path / "one.npz", network)
    assert script.main([str(tmp_path / "one.npz"), "--out", str(tmp_path / "half.npz"), "--half"]) == 0
    stored = read_npz(tmp_path / "half.npz")["weights/short_1/kernel"]
    assert stored.dtype == np.float16
    assert (tmp_path / "half.npz").stat().st_size < 0.6 * (tmp_path / "one.npz").stat().st_size
    loaded = load_model(tmp_path / "half.npz", height=32, width=64).segmentation_head.get_layer("short_1").kernel
    assert loaded.dtype == "float32"
    np.testing.assert_array_equal(loaded, stored)


def test_reach_has_no_weights(script, tmp_path):
    files = [write(tmp_path / f"{reach}.npz", 1.0, reach=reach) for reach in (0.25, 0.5)]
    assert script.main([*files, "--out", str(tmp_path / "mean.npz")]) == 0
    assert read_npz(tmp_path / "mean.npz")["config"] == read_npz(Path(files[0]))["config"]


def test_other_networks_are_refused(script, tmp_path, capsys):
    one = write(tmp_path / "one.npz", 1.0)
    others = {
        write(tmp_path / "shape.npz", 1.0, shape=(3, 2)): "of another network",
        write(tmp_path / "config.npz", 1.0, matching_channels=8): "of another network",
        str(tmp_path / "none.npz"): "no such weights file",
    }
    write_npz(tmp_path / "bare.npz", {"x": np.ones(2)})
    others[str(tmp_path / "bare.npz")] = "no model config inside"
    for other, message in others.items():
        assert script.main([one, other, "--out", str(tmp_path / "out.npz")]) == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith(f"average.py: error: {other}: ") and message in error
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("name", ["mean", "mean.bin", ".npz", "a.npz.tmp"])
def test_any_name_is_written_to(script, tmp_path, name):
    one = write(tmp_path / "one.npz", 1.0)
    assert script.main([one, one, "--out", str(tmp_path / "out" / name)]) == 0
    assert read_npz(tmp_path / "out" / name)["weights/conv/kernel"].shape == (2, 3)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_what_is_no_network_is_refused_before_anything_is_written(script, tmp_path, capsys):
    one, config = write(tmp_path / "one.npz", 1.0), np.array(ModelConfig().to_json())
    kernel = np.ones((2, 3), np.float32)
    wrong = {
        "nan": kernel * np.nan,
        "complex": kernel + 0j,
        "integers": kernel.astype(int),
        "booleans": kernel > 0,
        "text": np.array("a"),
    }
    for name, array in wrong.items():
        np.savez(tmp_path / f"{name}.npz", **{"config": config, "weights/conv/kernel": array})
        for files in ([str(tmp_path / f"{name}.npz"), one], [one, str(tmp_path / f"{name}.npz")]):
            assert script.main([*files, "--out", str(tmp_path / "out.npz")]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith(f"average.py: error: {tmp_path / name}.npz: 'weights/conv/kernel' ")
    np.savez(tmp_path / "none.npz", config=config)
    assert script.main([str(tmp_path / "none.npz"), "--out", str(tmp_path / "out.npz")]) == 2
    assert "none.npz: holds no weights" in capsys.readouterr().err
    large = write(tmp_path / "large.npz", 1e5)
    assert script.main([large, "--out", str(tmp_path / "out.npz"), "--half"]) == 2
    assert "--half: weights/conv/kernel holds values above 65504" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()
