"""What is shipped never changes by accident: names of weights, files, their tensors, and the masks that come out.

Expectations lie beside this file. A release that changes what is shipped writes them anew, and its change log says so:

    python -m tests.guards.test_shipped
"""

import hashlib
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tests.compiled_model import disagreements
from tests.shipped import FILES, NETWORKS
from ttvos_tf.export.own_outputs import handed_on_outputs
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.sample.render import FIRST_MASK, VIDEO

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODELS = ROOT / "ttvos_tf" / "models"
FRAMES = 5
# Kernels of another processor add float32 in another order, so a pixel on an edge may differ there.
LEAST_IOU = 0.98


def weight_names(network: str) -> dict[str, list[int]]:
    """Array -> shape."""
    with np.load(ROOT / "weights" / f"{network}.npz", allow_pickle=False) as file:
        return {key: list(file[key].shape) for key in sorted(file.files)}


def signatures(name: str) -> dict:
    """Signature -> inputs and outputs -> tensor -> shape, dtype, and quantisation of int8 ones."""
    interpreter = Interpreter(str(MODELS / f"ttvos_{name}.tflite"))

    def described(details: dict) -> dict:
        return {
            key: [tensor["shape"].tolist(), np.dtype(tensor["dtype"]).name, *tensor["quantization"]]
            for key, tensor in sorted(details.items())
        }

    result = {}
    for key in sorted(interpreter.get_signature_list()):
        runner = interpreter.get_signature_runner(key)
        result[key] = {"in": described(runner.get_input_details()), "out": described(runner.get_output_details())}
    return result


def masks() -> list[np.ndarray]:
    """Labels of the first frames of the bundled clip by the default model."""
    tracker = Tracker(json.loads((MODELS / "models.json").read_text())["default"])
    (_, first), *others = islice(open_source(VIDEO), FRAMES)
    tracker.start(first, np.asarray(Image.open(FIRST_MASK)))
    return [tracker.step(frame) for _, frame in others]


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_keep_their_names_and_shapes(network):
    assert digest(weight_names(network)) == json.loads((HERE / "weights.json").read_text())[network]


def test_the_files_are_as_listed():
    manifest = json.loads((MODELS / "models.json").read_text())
    assert sorted(manifest.keys() - {"default"}) == sorted(FILES)
    for name in FILES:
        content = (MODELS / f"ttvos_{name}.tflite").read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (
            manifest[name]["sha256"],
            manifest[name]["size_bytes"],
        ), name


@pytest.mark.parametrize("name", FILES)
def test_files_keep_their_tensors(name):
    assert signatures(name) == json.loads((HERE / "signatures.json").read_text())[name]


@pytest.mark.parametrize("name", FILES)
def test_no_output_is_an_input(name):
    path = MODELS / f"ttvos_{name}.tflite"
    assert handed_on_outputs(path.read_bytes()) == []
    assert disagreements(path) == []


def test_the_default_model_gives_the_same_masks():
    for index, labels in enumerate(masks(), start=1):
        expected = np.asarray(Image.open(HERE / "masks" / f"{index:05d}.png"))
        assert np.unique(labels).tolist() == np.unique(expected).tolist()
        for value in np.unique(expected):
            a, b = labels == value, expected == value
            assert (a & b).sum() / (a | b).sum() >= LEAST_IOU, (index, value)


def write() -> None:
    """Takes what is there now for what is expected."""
    (HERE / "weights.json").write_text(json.dumps({name: digest(weight_names(name)) for name in NETWORKS}, indent=1))
    (HERE / "signatures.json").write_text(json.dumps({name: signatures(name) for name in FILES}) + "\n")
    for index, labels in enumerate(masks(), start=1):
        Image.fromarray(labels).save(HERE / "masks" / f"{index:05d}.png")


if __name__ == "__main__":
    write()
