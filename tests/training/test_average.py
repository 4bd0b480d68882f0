from pathlib import Path

import numpy as np

from ttvos_tf.config import ModelConfig
from ttvos_tf.weights import read_npz, write_npz

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
