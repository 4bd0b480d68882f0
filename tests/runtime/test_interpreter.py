import json
import subprocess
import sys

import pytest

from tests.toy_model import toy_model
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.installed import default_name, find_model, full_name, installed
from ttvos_tf.runtime.interpreter import MODULES, Model

# Runs apart, because a runtime that is handed a broken file may crash.
LOAD_ALL = """
import sys
from pathlib import Path
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.interpreter import Model

for path in sorted(Path(sys.argv[2]).iterdir()):
    try:
        Model(path, 1, sys.argv[1])
        print("loaded", path.name)
    except TTVOSError as error:
        assert path.name in str(error) and "\\n" not in str(error), error
        print("refused", path.name)
"""


@pytest.mark.parametrize("runtime", MODULES)
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
        Model(tmp_path / "a.tflite")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(99), bytes(5000)])
def test_not_tflite(tmp_path, content):
    path = tmp_path / "a.tflite"
    path.write_bytes(content)
    with pytest.raises(TTVOSError, match=r"a\.tflite: not a TFLite file"):
        Model(path)


def test_whole_but_another_network(tmp_path):
    import tensorflow as tf

    class Other(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
        def serve(self, x):
            return {"y": x + 1.0}

    module = Other()
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serve": module.serve})
    path = tmp_path / "other.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert())
    for runtime in MODULES:
        with pytest.raises(TTVOSError, match=r"not a TTVOS model: it has no signature 'init' \(it has serve\)"):
            Model(path, runtime=runtime)


def test_missing_files_and_names(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.tflite: no such model file"):
        Model(tmp_path / "none.tflite")
    with pytest.raises(TTVOSError, match="unknown_name: no such model file, and no installed model of that name"):
        Model("unknown_name")
    with pytest.raises(TTVOSError, match="no such model file"):
        Model(tmp_path)


def test_the_runtime_that_is_asked_for():
    for runtime in MODULES:
        assert Model(toy_model(), runtime=runtime).runtime == runtime
    assert Model(toy_model()).runtime == "litert"


def test_a_runtime_that_is_not_installed(monkeypatch):
    for module in MODULES.values():
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TTVOSError, match="runtime: litert is not installed: pip install ai-edge-litert"):
        Model(toy_model(), runtime="litert")
    with pytest.raises(TTVOSError, match="tflite-runtime is not installed: pip install tflite-runtime"):
        Model(toy_model(), runtime="tflite-runtime")
    assert Model(toy_model()).runtime == "tensorflow"


@pytest.fixture
def shipped(tmp_path):
    """A folder of models as it is installed."""
    import hashlib

    manifest = {"default": "net_64x96_int8"}
    for name in ("net_64x96_float32", "net_64x96_int8", "net_32x48_float32", "net_32x48_float16", "other_64x96_int8"):
        (tmp_path / f"ttvos_{name}.tflite").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        manifest[name] = {"file": f"ttvos_{name}.tflite", "sha256": digest, "size_bytes": len(name)}
    (tmp_path / "models.json").write_text(json.dumps(manifest))
    return tmp_path


def test_installed_models(shipped, tmp_path_factory):
    assert list(installed(shipped)) == sorted(installed(shipped)) and "default" not in installed(shipped)
    assert default_name(shipped) == "net_64x96_int8"
    assert find_model("net_64x96_int8", folder=shipped) == shipped / "ttvos_net_64x96_int8.tflite"
    empty = tmp_path_factory.mktemp("empty")
    assert installed(empty) == {}
    with pytest.raises(TTVOSError, match="no model comes with this installation"):
        default_name(empty)


@pytest.mark.parametrize(
    ("beginning", "size", "name"),
    [
        ("net", None, "net_64x96_int8"),  # the largest frames, then int8 before float16 before float32
        ("n", None, "net_64x96_int8"),
        ("net", (32, 48), "net_32x48_float16"),
        ("net_3", None, "net_32x48_float16"),
        ("net_64x96_float32", None, "net_64x96_float32"),
        ("o", None, "other_64x96_int8"),
    ],
)
def test_shortened_names(shipped, beginning, size, name):
    assert full_name(beginning, size, shipped) == name
    assert find_model(beginning, size, shipped) == shipped / f"ttvos_{name}.tflite"


@pytest.mark.parametrize(("beginning", "size"), [("best", None), ("net", (480, 864)), ("net_64x96_int8", (32, 48))])
def test_names_of_nothing(shipped, beginning, size):
    with pytest.raises(TTVOSError, match=f"{beginning}: no such model file, and no installed model of that name"):
        find_model(beginning, size, shipped)


def test_a_beginning_of_several_networks_lists_them(shipped):
    (shipped / "models.json").write_text((shipped / "models.json").read_text().replace('"other_64', '"nett_64'))
    with pytest.raises(TTVOSError, match=r"n: may be net_32x48_float16, .*, nett_64x96_int8: give more of the name"):
        find_model("n", folder=shipped)
    assert full_name("net", folder=shipped) == "net_64x96_int8"
    assert full_name("nett", folder=shipped) == "nett_64x96_int8"


def test_a_changed_or_missing_installed_file_is_refused(shipped):
    path = shipped / "ttvos_net_64x96_int8.tflite"
    path.write_bytes(b"tampered")
    with pytest.raises(TTVOSError, match=r"int8\.tflite: the file is not as it was shipped"):
        find_model("net_64x96_int8", folder=shipped)
    path.unlink()
    with pytest.raises(TTVOSError, match=r"int8\.tflite: the file is missing"):
        find_model("net_64x96_int8", folder=shipped)
