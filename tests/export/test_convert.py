"""The files against the Keras network, over chained frames, in both runtimes."""

from pathlib import Path

import numpy as np
import pytest

from tests.compiled_model import disagreements
from tests.scripts import load_script
from ttvos_tf.config import ModelConfig
from ttvos_tf.contract import STATE, names
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.convert import convert
from ttvos_tf.export.own_outputs import handed_on_outputs
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.inspection.operators import check_operators, operators
from ttvos_tf.runtime.interpreter import TFLiteModel

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "weights/mobilenet_v2.npz"
SIZE = (240, 432)
FRAMES = 12


@pytest.fixture(scope="module")
def network():
    """The shipped network: a trained one makes masks worth comparing."""
    return load_model(SHIPPED, height=SIZE[0], width=SIZE[1])


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for precision in ("float32", "float16"):
        (folder / f"{precision}.tflite").write_bytes(convert(network, precision))
    return folder


@pytest.fixture(scope="module")
def chain(network):
    """A clip, and what Keras makes of it: the probability of every frame and the state after it."""
    network = inference_form(network)
    clip = SyntheticClips().sample(np.random.default_rng(7), ClipSpec(FRAMES, *SIZE))
    mask = clip.masks[:1, ..., None].astype(np.float32)
    state = network.init(clip.frames[:1], mask)
    probabilities, states = [], [state]
    for frame in clip.frames[1:]:
        probability, state = network.step(frame[None], state)
        probabilities.append(probability.numpy())
        states.append(state)
    return clip.frames, mask, probabilities, states


def iou(a, b):
    a, b = a > 0.5, b > 0.5
    return (a & b).sum() / max(1, (a | b).sum())


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
@pytest.mark.parametrize(("precision", "tolerance", "least_iou"), [("float32", 1e-3, 0.999), ("float16", 0.2, 0.98)])
def test_chained_frames_equal_keras(files, chain, runtime, precision, tolerance, least_iou):
    model = TFLiteModel(files / f"{precision}.tflite", 2, runtime)
    frames, mask, probabilities, states = chain
    state = model("init", {"frame": frames[:1], "mask": mask})
    for frame, expected, expected_state in zip(frames[1:], probabilities, states[1:], strict=True):
        outputs = model("step", {"frame": frame[None], **state})
        probability = outputs.pop("probability")
        assert np.abs(probability - expected).max() < tolerance
        assert iou(probability, expected) > least_iou
        if precision == "float32":
            for name in names(STATE):
                np.testing.assert_allclose(outputs[name], expected_state[name], rtol=1e-3, atol=2e-3, err_msg=name)
        state = outputs


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
def test_three_signatures_equal_the_fused_one(files, chain, runtime):
    model = TFLiteModel(files / "float32.tflite", 2, runtime)
    frames, mask, _, _ = chain
    fused = split = model("init", {"frame": frames[:1], "mask": mask})
    for frame in frames[1:6]:
        fused = model("step", {"frame": frame[None], **fused})
        probability = fused.pop("probability")
        features = model("encode", {"frame": frame[None]})
        logit = model("segment", {**features, **split})["logit"]
        mask_prob = 1 / (1 + np.exp(-2 * logit))
        np.testing.assert_allclose(mask_prob, probability, atol=1e-4)
        split = model("update", {**features, **split, "mask_prob": mask_prob})
        for name in names(STATE):
            np.testing.assert_allclose(split[name], fused[name], atol=1e-3, err_msg=name)


def test_state_is_the_same_going_in_and_out(files):
    from ai_edge_litert.interpreter import Interpreter

    for precision in ("float32", "float16"):
        interpreter = Interpreter(str(files / f"{precision}.tflite"))
        details = {}
        for signature in ("init", "step", "update"):
            runner = interpreter.get_signature_runner(signature)
            for side in (runner.get_input_details(), runner.get_output_details()):
                for name in side.keys() & set(names(STATE)):
                    each = side[name]
                    fact = (tuple(each["shape"]), each["dtype"], each["quantization"])
                    assert details.setdefault(name, fact) == fact, (precision, signature, name)
        assert set(details) == set(names(STATE))


def test_weights_are_stored_once(files, network):
    parts = (network.encoder, network.segmentation_head, network.template_encoder)
    weights = sum(np.prod(v.shape) for part in parts for v in part.variables)
    for precision, size in (("float32", 4), ("float16", 2)):
        assert (files / f"{precision}.tflite").stat().st_size < 1.1 * size * weights


def test_only_plain_operators(files):
    for precision in ("float32", "float16"):
        counts = operators((files / f"{precision}.tflite").read_bytes())
        assert set(counts) == {"init", "step", "encode", "segment", "update"}
        for signature in counts.values():
            assert not any(name.startswith("custom") or name == "TILE" for name, _ in signature)
            assert all(version < 6 for name, version in signature if name == "CONV_2D")


def test_grouped_convolutions_are_refused():
    import ttvos_tf.compat

    tf = ttvos_tf.compat.tf

    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 8), tf.float32)])
    def grouped(x):
        return tf.nn.conv2d(x, tf.ones((3, 3, 4, 8)), 1, "SAME")

    module = tf.Module()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([grouped.get_concrete_function()], module)
    content = converter.convert()
    with pytest.raises(TTVOSError, match="CONV_2D version 6"):
        check_operators(content)


@pytest.mark.parametrize(
    "options",
    [
        {"backbone": "hrnet"},
        {"backbone": "resnet50"},
        {"short_term": False},
        {"long_term": False},
        {"update_template": False},
        {"past_masks": 3},
        {"coordinates": True},
        {"update_gate": True},
        {"reach": 0.25},
    ],
    ids=str,
)
def test_every_network_converts_and_runs(options, tmp_path):
    network = build_model(ModelConfig(matching_channels=8, decoder_channels=8, **options), height=32, width=64)
    path = tmp_path / "model.tflite"
    path.write_bytes(convert(network))
    model = TFLiteModel(path, 1, "litert")
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (3, 1, 32, 64, 3), dtype=np.uint8)
    mask = rng.random((1, 32, 64, 1)).astype(np.float32)
    expected, state = network.init(frames[0], mask), model("init", {"frame": frames[0], "mask": mask})
    for frame in frames[1:]:
        probability, expected = network.step(frame, expected)
        state = model("step", {"frame": frame, **state})
        np.testing.assert_allclose(state.pop("probability"), probability, atol=1e-3)


@pytest.fixture(scope="module")
def script():
    return load_script("tflite/convert.py")


def test_command_line_converts(script, tmp_path, capsys):
    assert script.main(["--weights", str(SHIPPED), "--size", "64x96", "--out", str(tmp_path / "out")]) == 0
    names = {f"ttvos_mobilenet_v2_64x96_{precision}.tflite" for precision in ("float32", "float16")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert "MB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weights", "none.npz"], "none.npz: no such weights file"),
        (["--weights", str(SHIPPED), "--size", "100x100"], "multiples of 16"),
        (["--weights", str(SHIPPED), "--size", "big"], "expected HEIGHTxWIDTH"),
        (["--weights", str(SHIPPED), "--config", str(ROOT / "training/configs/rendered.toml")], "another architecture"),
        (["--weights", str(SHIPPED), "--config", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_bad_input_is_one_line(script, arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert script.main(arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("convert.py: error: ") and message in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_no_output_is_an_input_and_compiled_model_agrees(files, precision):
    path = files / f"{precision}.tflite"
    assert handed_on_outputs(path.read_bytes()) == []
    assert disagreements(path) == []
