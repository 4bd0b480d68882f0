"""The programs beside the models: the same masks as the library's own runtime, in each language that runs here."""

import shutil
import subprocess
import sys
from pathlib import Path

import ai_edge_litert
import numpy as np
import pytest

from tests.scripts import ROOT
from ttvos_tf.contract import STATE
from ttvos_tf.runtime.interpreter import TFLiteModel
from ttvos_tf.runtime.letterbox import letterbox
from ttvos_tf.sample import render as sample

USAGE = ROOT / "release" / "usage"
MODELS = ("mobilenet_v2_240x432_int8", "mobilenet_v2_240x432_float16", "hrnet_240x432_int8")
FRAMES = 4


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A folder with frames.rgb and first.gray; frames uint8 (T, H, W, 3) and mask bool (H, W)."""
    folder = tmp_path_factory.mktemp("clip")
    frames, truth = sample.render()
    place = letterbox(frames.shape[1:3], (240, 432))
    frames = np.concatenate([place.frame_to_model(frame) for frame in frames[:FRAMES]])
    mask = place.mask_to_model(truth[0] == sample.CAR)[0, ..., 0] > 0.5
    frames.tofile(folder / "frames.rgb")
    (np.uint8(255) * mask).tofile(folder / "first.gray")
    return folder, frames, mask


@pytest.fixture(scope="module", params=MODELS)
def expected(request, clip):
    """The file, and the masks that the library makes: uint8 (T - 1, H, W), 0 or 255."""
    _, frames, mask = clip
    model = TFLiteModel(request.param, 1, "litert")
    state = model("init", {"frame": frames[:1], "mask": np.float32(mask)[None, ..., None]})
    masks = []
    for frame in frames[1:]:
        state = model("step", {"frame": frame[None], **state})
        masks.append(np.uint8(255) * (state["probability"][0, ..., 0] > 0.5))
    return model.path, np.stack(masks)


def check(command, clip, expected, tmp_path, cwd=None):
    folder, *_ = clip
    path, masks = expected
    out = tmp_path / "masks.gray"
    arguments = [path, folder / "frames.rgb", folder / "first.gray", out]
    done = subprocess.run([*command, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    got = np.fromfile(out, np.uint8).reshape(masks.shape)
    assert np.any(masks) and np.count_nonzero(got != masks) <= 3  # kernels for one thread and for two round differently


def test_python(clip, expected, tmp_path):
    check([sys.executable, USAGE / "usage.py"], clip, expected, tmp_path)


def test_python_needs_numpy_and_litert_alone():
    lines = (USAGE / "usage.py").read_text().splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert imports == ["import sys", "import numpy as np", "from ai_edge_litert.interpreter import Interpreter"]


@pytest.fixture(scope="module")
def cpp(tmp_path_factory):
    """The C++ program, built by CMake against the C library that ai-edge-litert brings."""
    if not shutil.which("cmake"):
        pytest.skip("NOT TESTED IN C++: there is no cmake")
    build = tmp_path_factory.mktemp("build")
    litert = Path(ai_edge_litert.__file__).parent
    for command in (["cmake", "-S", USAGE, "-B", build, f"-DLITERT_DIR={litert}"], ["cmake", "--build", build]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and "warning:" not in done.stderr, done.stdout + done.stderr
    return build / "usage"


@pytest.mark.slow
def test_cpp(cpp, clip, expected, tmp_path):
    check([cpp], clip, expected, tmp_path)


@pytest.mark.slow
def test_cpp_names_what_is_wrong(cpp, tmp_path):
    (tmp_path / "a.tflite").write_bytes(b"no model")
    for arguments in ([], [tmp_path / "a.tflite", "a", "b", "c"], [tmp_path / "none.tflite", "a", "b", "c"]):
        done = subprocess.run([cpp, *arguments], capture_output=True, text=True)
        assert done.returncode == 2 and "usage: error: " in done.stderr


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory):
    """A folder with LiteRT.js, of the version that the page has."""
    if not shutil.which("npm"):
        pytest.skip("NOT TESTED IN JAVASCRIPT: there is no npm")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text("{}")
    (package,) = (word for word in (USAGE / "usage.mjs").read_text().split() if word.startswith("@litertjs/core@"))
    done = subprocess.run(["npm", "install", "--silent", package], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_javascript(node_modules, clip, expected, tmp_path):
    check(["node", USAGE / "usage.mjs"], clip, expected, tmp_path, cwd=node_modules)


@pytest.mark.parametrize("language", ["py", "cpp", "mjs", "kt", "swift"])
def test_no_program_names_a_state(language):
    """They hand on whatever a file has, so files with another state need no other program."""
    text = (USAGE / f"usage.{language}").read_text()
    assert not [spec.name for spec in STATE if spec.name in text]
