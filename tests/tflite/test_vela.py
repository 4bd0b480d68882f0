"""Arm's compiler for Ethos-U microNPUs as a judge of the int8 files."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.convert import convert, convert_pair
from ttvos_tf.factory import load_model
from ttvos_tf.quantization import calibrate, quantize

SCRIPT = "tflite/vela.py"
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("vela") is None, reason="needs `pip install ethos-u-vela`")
@pytest.mark.parametrize(("reach", "step", "segment"), [(0.25, 0.66, 0.59)])
def test_vela_maps_nearly_all_operators(script, tmp_path, reach, step, segment):
    size = (96, 160)  # multiples of 32, as 480x864: every resize doubles
    network = load_model(ROOT / "weights/mobilenet_v2.npz", height=size[0], width=size[1])
    network = dataclasses.replace(network, config=dataclasses.replace(network.config, reach=reach))
    network = quantize(network)
    calibrate(network, [SyntheticClips().sample(np.random.default_rng(0), ClipSpec(3, *size))])
    files = {"int8": convert(network, "int8"), "encode": convert_pair(network)[0]}
    shares = {}
    for name, content in files.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(content)
        report = script.compile_file(path)["signatures"]
        shares[name] = {signature: each["npu_share"] for signature, each in report.items()}
    # All but one operator: the keys' L2_NORMALIZATION.
    assert shares["encode"]["encode"] > 0.985
    # The memory's read-out, the template's float32 arithmetic, float32 masks and one pixel shuffle stay on the CPU.
    assert shares["int8"]["step"] >= step
    assert shares["int8"]["segment"] >= segment
    assert shares["int8"]["encode"] > 0.985


def test_bad_input_is_one_line(script, tmp_path, capsys):
    path = tmp_path / "model.tflite"
    path.write_text("no model")
    assert script.main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err.strip().splitlines()[-1]
    shipped = ROOT / "ttvos_tf/models"
    with pytest.raises(TTVOSError, match=r"float16\.tflite: a float file; Ethos-U takes int8 ones"):
        script.compile_file(shipped / "ttvos_mobilenet_v2_240x432_float16.tflite")
    with pytest.raises(TTVOSError, match="no-such-vela: cannot be run"):
        script.compile_file(shipped / "ttvos_mobilenet_v2_240x432_int8.tflite", vela="no-such-vela")
