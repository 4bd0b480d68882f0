import importlib
import subprocess
import sys

import numpy as np
import pytest

from tests.runtimes import RUNTIMES
from tests.toy_model import HEIGHT, NAME, WIDTH, toy_model
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.interpreter import MODULES, TFLiteModel

# Runs apart, because a runtime that is handed a broken file may crash.
LOAD_ALL = """
import sys
from pathlib import Path
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.interpreter import TFLiteModel

for path in sorted(Path(sys.argv[2]).iterdir()):
    try:
        TFLiteModel(path, 1, sys.argv[1])
        print("loaded", path.name)
    except TTVOSError as error:
        assert path.name in str(error) and "\\n" not in str(error), error
        print("refused", path.name)
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_files_cut_short_are_refused_and_never_crash(tmp_path, runtime):
    content = toy_model().read_bytes()
    lengths = [0, 1, 7, 8, 12, 40, *range(100, len(content) - 64, len(content) // 40)]
    for length in lengths:
        (tmp_path / f"{length:06d}.tflite").write_bytes(content[:length])
    done = subprocess.run([sys.executable, "-c", LOAD_ALL, runtime, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [f"refused {length:06d}.tflite" for length in lengths]


def test_a_vector_that_reaches_past_the_end_is_refused(tmp_path):
    content = bytearray(toy_model().read_bytes())
    description = content.index(b"MLIR Converted.")
    content[description - 4 : description] = len(content).to_bytes(4, "little")
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(TTVOSError, match=r"a\.tflite: the file is cut short or damaged"):
        TFLiteModel(tmp_path / "a.tflite")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(99), bytes(5000)])
def test_not_tflite(tmp_path, content):
    path = tmp_path / "a.tflite"
    path.write_bytes(content)
    with pytest.raises(TTVOSError, match=r"a\.tflite: not a TFLite file"):
        TFLiteModel(path)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_whole_but_another_network(tmp_path, runtime):
    import tensorflow as tf

    class Other(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
        def serve(self, x):
            return {"y": x + 1.0}

    module = Other()
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serve": module.serve})
    path = tmp_path / "other.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert())
    with pytest.raises(TTVOSError, match=r"not a TTVOS model: it has no signature 'init' \(it has serve\)"):
        TFLiteModel(path, runtime=runtime)


def test_missing_files_and_names(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.tflite: no such model file"):
        TFLiteModel(tmp_path / "none.tflite")
    with pytest.raises(TTVOSError, match="unknown_name: no such model file, and no installed model of that name"):
        TFLiteModel("unknown_name")
    with pytest.raises(TTVOSError, match="no such model file"):
        TFLiteModel(tmp_path)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_runtime_that_is_asked_for(runtime):
    assert TFLiteModel(toy_model(), runtime=runtime).runtime == runtime
    assert TFLiteModel(toy_model()).runtime == "litert"


def test_a_runtime_that_is_not_installed(monkeypatch):
    for module in MODULES.values():
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TTVOSError, match="runtime: litert is not installed: pip install ai-edge-litert"):
        TFLiteModel(toy_model(), runtime="litert")
    with pytest.raises(TTVOSError, match="tflite-runtime is not installed: pip install tflite-runtime"):
        TFLiteModel(toy_model(), runtime="tflite-runtime")
    assert TFLiteModel(toy_model()).runtime == "tensorflow"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_computes_what_the_bare_interpreter_does(runtime):
    """Every signature, two times over; what was handed out stays as it was."""
    bare = importlib.import_module(MODULES[runtime]).Interpreter(str(toy_model()))
    model = TFLiteModel(toy_model(), 1, runtime)
    assert (model.size, model.name) == ((HEIGHT, WIDTH), NAME)
    rng = np.random.default_rng(0)
    handed_out = []
    for _ in range(2):
        known = {"frame": rng.integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)}
        known["mask"] = known["mask_prob"] = rng.random((1, HEIGHT, WIDTH, 1), np.float32)
        for signature in ("init", "encode", "segment", "update", "step"):
            runner = bare.get_signature_runner(signature)
            expected = runner(**{name: known[name] for name in runner.get_input_details()})
            outputs = model(signature, known | {"unknown": np.zeros(3)})
            assert outputs.keys() == expected.keys()
            for name, value in expected.items():
                np.testing.assert_array_equal(outputs[name], value, err_msg=f"{signature} {name}")
            handed_out += [(value, value.copy()) for value in outputs.values()]
            known |= outputs
    assert all(np.array_equal(value, copy) for value, copy in handed_out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state_count": None}, "the tensor state_count is missing: give the whole state as the last call returned it"),
        (
            {"state_mask": np.zeros((1, 2, 3, 2), np.float32)},
            r"tensor state_mask is float32 \(1, 2, 3, 2\): this",
        ),
        (
            {"frame": np.zeros((1, HEIGHT, WIDTH, 3), np.float32)},
            "the tensor frame is float32 .* needs uint8",
        ),
        ({"frame": np.zeros((HEIGHT, WIDTH, 3), np.uint8)}, r"frame is uint8 \(64, 96, 3\): .* uint8 \(1, 64, 96, 3\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change, message):
    model = TFLiteModel(toy_model())
    frame = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    given = {"frame": frame, **model("init", {"frame": frame, "mask": np.ones((1, HEIGHT, WIDTH, 1), np.float32)})}
    assert "probability" in model("step", given)
    with pytest.raises(TTVOSError, match=message):
        model("step", {name: value for name, value in (given | change).items() if value is not None})
