"""The files against the Keras network, over chained frames, in both runtimes."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import large_target, two_masks
from tests.compiled_model import disagreements
from tests.parity import KerasModel, Within, assert_parity, track
from tests.runtimes import RUNTIMES
from ttvos_tf.config import ModelConfig
from ttvos_tf.contract import STATE, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.convert import convert
from ttvos_tf.export.own_outputs import handed_on_outputs
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.inspection.operators import check_operators, operators
from ttvos_tf.runtime.interpreter import TFLiteModel

SCRIPT = "tflite/convert.py"
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "weights/mobilenet_v2.npz"
SIZE = (96, 160)
FLOAT32 = {
    "probability": Within(largest=1e-3, iou=0.999),
    "state_mask": Within(largest=1e-3),
    "state_feat16": Within(relative=1e-3),
    "state_template": Within(relative=1e-3),
    "state_count": Within(largest=0),
    "state_memory_key": Within(largest=1e-3),
    "state_memory_mask": Within(largest=1e-3),
}
THRESHOLDS = {
    "float32": FLOAT32,
    "float16": {
        "probability": Within(largest=0.2, iou=0.98),
        "state_mask": Within(relative=0.03),
        "state_feat16": Within(relative=0.03),
        "state_template": Within(relative=0.01),
        "state_count": Within(largest=0),
    },
}
# The second object is a small place beside the target and no thing, so that its edge is much of it.
BESIDE = {"float32": {}, "float16": {"probability": Within(relative=0.1, iou=0.95)}}


@pytest.fixture(scope="module")
def network():
    """The shipped network: a trained one makes masks worth comparing."""
    return load_model(SHIPPED, height=SIZE[0], width=SIZE[1])


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for precision in THRESHOLDS:
        (folder / f"{precision}.tflite").write_bytes(convert(network, precision))
    return folder


@pytest.fixture(scope="module")
def clip():
    return large_target(8, SIZE)


@pytest.fixture(scope="module", params=[1, 2])
def chain(request, network, clip):
    """Masks of one object or two, and what Keras makes of the clip."""
    masks = two_masks(clip)[: request.param]
    return masks, track(KerasModel(inference_form(network)), clip.frames, masks)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("precision", THRESHOLDS)
def test_chained_frames_equal_keras(files, clip, chain, runtime, precision):
    masks, expected = chain
    got = track(TFLiteModel(files / f"{precision}.tflite", 2, runtime), clip.frames, masks)
    assert_parity(got, expected, THRESHOLDS[precision] | (BESIDE[precision] if len(masks) > 1 else {}))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_three_signatures_equal_the_fused_one(files, clip, runtime):
    model = TFLiteModel(files / "float32.tflite", 2, runtime)
    masks = two_masks(clip)[:1]
    assert_parity(track(model, clip.frames, masks, fused=False), track(model, clip.frames, masks), FLOAT32)


def test_state_is_the_same_going_in_and_out(files):
    from ai_edge_litert.interpreter import Interpreter

    for precision in ("float32", "float16"):
        interpreter = Interpreter(str(files / f"{precision}.tflite"))
        details = {}
        for signature in ("init", "step", "update"):
            runner = interpreter.get_signature_runner(signature)
            for side in (runner.get_input_details(), runner.get_output_details()):
                for name in side.keys() & set(names(STATE, keys=True)):
                    each = side[name]
                    fact = (tuple(each["shape"]), each["dtype"], each["quantization"])
                    assert details.setdefault(name, fact) == fact, (precision, signature, name)
        assert set(details) == set(names(STATE, keys=True))


def test_weights_are_stored_once(files, network):
    form = inference_form(network)  # its sub-pixel kernels are larger than the transposed ones that they stand for
    parts = (form.encoder, form.segmentation_head, form.template_encoder)
    weights = sum(np.prod(v.shape) for part in parts for v in part.variables)
    for precision, size in (("float32", 4), ("float16", 2)):
        assert (files / f"{precision}.tflite").stat().st_size < 1.1 * size * weights


def test_only_plain_operators(files):
    for precision in ("float32", "float16"):
        counts = operators((files / f"{precision}.tflite").read_bytes())
        assert set(counts) == {"init", "step", "encode", "segment", "update"}
        # The memory's two halves are tiled, keys and shares. The kernel of a grouped convolution would be tiled too.
        tiles = {key: sum(n for (name, _), n in used.items() if name == "TILE") for key, used in counts.items()}
        assert tiles == {"init": 2, "step": 2, "encode": 0, "segment": 0, "update": 2}
        for signature in counts.values():
            assert not any(name.startswith("custom") for name, _ in signature)
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
    rng = np.random.default_rng(0)
    frames, mask = rng.integers(0, 255, (3, 32, 64, 3), dtype=np.uint8), rng.random((32, 64), np.float32)
    got = track(TFLiteModel(path, 1, "litert"), frames, [mask])
    assert_parity(got, track(KerasModel(network), frames, [mask]), {"probability": Within(largest=1e-3)})


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
        (["--weights", str(SHIPPED), "--config", "none.toml"], "none.toml: no such file"),
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
