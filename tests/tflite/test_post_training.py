"""int8 by LiteRT Quantizer (tflite/post_training.py): what it is given, and what its file is made into."""

import importlib.util
import sys

import numpy as np
import pytest

from tests.scripts import load_script
from tests.toy_model import HEIGHT, WIDTH, toy_model
from ttvos_tf.data.clip import Clip
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.inspection import schema
from ttvos_tf.inspection.tflite_file import read_tflite
from ttvos_tf.runtime.interpreter import TFLiteModel

INSTALLED = importlib.util.find_spec("litert_quantizer") is not None


@pytest.fixture
def script():
    return load_script("tflite/post_training.py")


def test_constants_behind_the_flatbuffer_come_inside(script):
    content = toy_model().read_bytes()
    model = schema.parse(content)
    behind = b""
    for _ in range(2):  # where the constants come, the second time at their final places
        start, behind = len(schema.pack(model)) if behind else 1, b""
        for buffer, own in zip(model.buffers, schema.parse(content).buffers, strict=True):
            if own.data is not None and len(own.data):
                buffer.data, buffer.offset, buffer.size = None, start + len(behind), len(own.data)
                behind += bytes(own.data)
    assert with_checksum(script.inlined(schema.pack(model) + behind)) == with_checksum(content)


def test_every_signature_is_given_what_tracking_gives_it(script):
    model = TFLiteModel(toy_model())
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (3, HEIGHT, WIDTH, 3), np.uint8)
    masks = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    masks[:, 16:40, 16:40], masks[:, :8] = 1, 255
    calls = {name: [] for name in read_tflite(model.path).signatures}
    script.track(model, Clip(frames, masks), calls)
    assert {name: len(each) for name, each in calls.items()} == {
        "init": 1,
        "encode": 2,
        "segment": 2,
        "step": 2,
        "update": 2,
    }
    np.testing.assert_array_equal(calls["init"][0]["mask"][0, ..., 0], masks[0] == 1)
    np.testing.assert_array_equal(calls["step"][1]["frame"][0], frames[2])
    # `update` leaves the state that `step` would.
    after = model("step", calls["step"][0])
    for name, value in after.items():
        if name.startswith("state_"):
            np.testing.assert_allclose(calls["step"][1][name], value, atol=1e-5, err_msg=name)


def test_a_file_that_is_int8_already_is_refused(script, tmp_path, capsys):
    arguments = ["mobilenet_v2_240x432_int8", "--davis", str(tmp_path / "davis"), "--out", str(tmp_path / "ptq.tflite")]
    assert script.main(arguments) == 2
    assert "mobilenet_v2_240x432_int8.tflite: is an int8 file already" in capsys.readouterr().err


@pytest.mark.skipif(INSTALLED, reason="litert-quantizer is installed")
def test_without_the_package(script, tmp_path, capsys):
    out = tmp_path / "ptq.tflite"
    assert script.main([str(toy_model()), "--davis", str(tmp_path / "davis"), "--out", str(out)]) == 2
    assert "pip install litert-quantizer" in capsys.readouterr().err and not out.exists()
    assert "litert_quantizer" not in sys.modules
