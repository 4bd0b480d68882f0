import copy
import re
from pathlib import Path

import pytest

from tests.shipped import FILES
from ttvos_tf import contract
from ttvos_tf.contract import SIGNATURES, STATE, Tensor, check, file_name, model_name, name_of, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection.tflite_file import read_tflite
from ttvos_tf.media import overlay
from ttvos_tf.runtime import letterbox, objects, tracker

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "ttvos_tf" / "models"
PATH = Path("a.tflite")
NUMBERS = {
    contract: ["SIZE_STEP"],
    letterbox: ["MIN_SIZE", "STRETCH_THRESHOLD"],
    objects: ["MAX_OBJECTS"],
    overlay: ["OPACITY"],
    tracker: ["MIN_BOX_COVERAGE"],
}
# By hand: places of every second column in two frames, each frame's made a multiple of four.
PLACES = {240: 2 * 212, 352: 2 * 440, 480: 2 * 812}
# By hand, of frames 32x48, past_masks 1, keys of 5 channels: 2 * 2 * 2 places.
SHAPES = {
    "frame": (1, 32, 48, 3),
    "mask": (1, 32, 48, 1),
    "mask_prob": (1, 32, 48, 1),
    "probability": (1, 32, 48, 1),
    "logit": (1, 32, 48, 1),
    "feat4": (1, 8, 12, 7),
    "feat8": (1, 4, 6, 9),
    "feat16": (1, 2, 3, 11),
    "feat_key": (1, 2, 3, 5),
    "state_mask": (1, 4, 6, 2),
    "state_feat16": (1, 2, 3, 11),
    "state_template": (1, 3, 3),
    "state_count": (1,),
    "state_memory_key": (1, 8, 5),
    "state_memory_mask": (1, 8, 1),
}
CODED = {"feat4", "feat8", "feat16", "feat_key", "state_feat16", "state_memory_key"}


def found(int8=False, keys=False, signatures=SIGNATURES):
    """What a good file has."""

    def tensor(name):
        return Tensor(SHAPES[name], "uint8" if name == "frame" else "int8" if int8 and name in CODED else "float32")

    return {
        name: tuple(
            {each: tensor(each) for each in names(side, keys)} for side in (signature.inputs, signature.outputs)
        )
        for name, signature in signatures.items()
    }


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("signatures", [SIGNATURES, contract.HEAD_SIGNATURES])
def test_good_files(int8, signatures):
    values = {"H": 32, "W": 48, "C4": 7, "C8": 9, "C16": 11, "N": 1, "T": 3}
    assert check(found(int8, False, signatures), PATH, signatures) == values
    assert check(found(int8, True, signatures), PATH, signatures) == values | {"K": 5, "P": 8}


def test_a_signature_may_lack_inputs():
    file = found()
    del file["update"][0]["state_mask"]
    assert check(file, PATH)["H"] == 32


@pytest.mark.parametrize("name", FILES)
def test_shipped_files(name):
    signatures = read_tflite(MODELS / file_name(name)).signatures
    values = check({key: (each.inputs, each.outputs) for key, each in signatures.items()}, PATH)
    height, width = (int(side) for side in name.split("_")[-2].split("x"))
    memory = {"K": 64, "P": PLACES[height]} if name.startswith("mobilenet_v2") else {}
    # docs/contract.md names these.
    assert values == {"H": height, "W": width, "C4": 32, "C8": 96, "C16": 128, "N": 1, "T": 32, **memory}


def put(signature, side, name, *tensor):
    def change(file):
        file[signature][side][name] = Tensor(*(tensor or (SHAPES["state_mask"], "float32")))

    return change


def drop(signature, side, name):
    def change(file):
        del file[signature][side][name]

    return change


@pytest.mark.parametrize(
    ("keys", "change", "message"),
    [
        (False, lambda file: file.clear(), "it has no signature 'init' (it has none)"),
        (False, lambda file: file.pop("update"), "no signature 'update' (it has encode, init, segment, step)"),
        (False, drop("step", 1, "state_mask"), "signature 'step' lacks the output 'state_mask'"),
        (False, put("step", 1, "state_clock"), "signature 'step' has an unknown output 'state_clock'"),
        (False, put("step", 0, "state_clock"), "signature 'step' has an unknown input 'state_clock'"),
        (False, put("segment", 0, "mask"), "signature 'segment' has an unknown input 'mask'"),
        (False, put("segment", 0, "state_memory_key"), "'segment' has an unknown input 'state_memory_key'"),
        (True, drop("encode", 1, "feat_key"), "signature 'encode' lacks the output 'feat_key'"),
        (True, drop("update", 1, "state_memory_mask"), "signature 'update' lacks the output 'state_memory_mask'"),
        (
            False,
            put("init", 0, "frame", (1, 32, 48, 3), "float32"),
            "'init': 'frame' is float32 (1, 32, 48, 3), not uint8 (1, 32, 48, 3)",
        ),
        (False, put("init", 0, "frame", (32, 48), "uint8"), "'frame' is uint8 (32, 48), not uint8 (1, H, W, 3)"),
        (
            False,
            put("segment", 1, "logit", (1, 4, 6, 1), "float32"),
            "'logit' is float32 (1, 4, 6, 1), not float32 (1, 32, 48, 1)",
        ),
        (False, put("step", 0, "state_count", (2,), "float32"), "'state_count' is float32 (2,), not float32 (1,)"),
        (
            False,
            put("step", 1, "state_feat16", (1, 2, 3, 11), "int8"),
            "'encode': 'feat4' is float32 (1, 8, 12, 7), not int8 (1, 8, 12, 7)",
        ),
        (
            False,
            put("update", 1, "state_feat16", (1, 2, 3, 10), "float32"),
            "'update': 'state_feat16' is float32 (1, 2, 3, 10), not float32 (1, 2, 3, 11)",
        ),
        (
            False,
            put("update", 0, "state_mask", (1, 4, 6, 3), "float32"),
            "'state_mask' is float32 (1, 4, 6, 3), not float32 (1, 4, 6, 2)",
        ),
        (
            False,
            put("init", 1, "state_template", (1, 3, 4), "float32"),
            "'state_template' is float32 (1, 3, 4), not float32 (1, 3, 3)",
        ),
        (
            True,
            put("init", 1, "state_memory_mask", (1, 9, 1), "float32"),
            "'state_memory_mask' is float32 (1, 9, 1), not float32 (1, 8, 1)",
        ),
    ],
)
def test_other_files_are_refused_in_one_line(keys, change, message):
    file = found(keys=keys)
    change(file)
    with pytest.raises(TTVOSError) as error:
        check(file, PATH)
    assert str(error.value).startswith("a.tflite: not a TTVOS model: ") and str(error.value).endswith(message)


def test_frames_are_multiples_of_16():
    file = copy.deepcopy(found())
    for inputs, outputs in file.values():
        for side in (inputs, outputs):
            for name, tensor in side.items():
                shape = tuple(40 if each == 32 else 5 if each == 4 else each for each in tensor.shape)
                side[name] = tensor._replace(shape=(1, 10, *shape[2:]) if name == "feat4" else shape)
    with pytest.raises(TTVOSError, match="its frames are 40x48: not multiples of 16"):
        check(file, PATH)


def test_names():
    assert names(STATE) == ("state_mask", "state_feat16", "state_template", "state_count")
    assert names(STATE, keys=True) == (*names(STATE), "state_memory_key", "state_memory_mask")
    assert model_name("hrnet", (480, 864), "int8") == "hrnet_480x864_int8"
    assert file_name("hrnet_480x864_int8") == "ttvos_hrnet_480x864_int8.tflite"
    assert name_of(Path("out") / file_name("toy_32x48_int8_head")) == "toy_32x48_int8_head"


KOTLIN = (ROOT / "android_demo/core/src/main/kotlin/org/ttvos/core/Contract.kt").read_text()


def test_kotlin_has_the_same_tensors():
    pattern = r'ContractTensor\("(\w+)", "([^"]+)", TensorType\.(\w+)(?:, TensorType\.(\w+))?(?:, (true))?\)'
    kotlin = {
        name: (shape, dtype.lower(), (int8 or dtype).lower(), bool(optional))
        for name, shape, dtype, int8, optional in re.findall(pattern, KOTLIN)
    }
    assert kotlin == {
        spec.name: (", ".join(map(str, spec.shape)), spec.dtype, spec.dtype_in(int8=True), spec.optional)
        for spec in contract.ALL
    }


def test_kotlin_has_the_same_signatures():
    def listed(expression):
        """The names that a Kotlin sum of lists and tensors comes to."""
        total = []
        for sign, group, single in re.findall(r"([+-]?) ?(?:listOf\(([^)]*)\)|(\w+))", expression):
            values = [getattr(contract, name) for name in (group or single).split(", ")]
            found = [spec for value in values for spec in (value if isinstance(value, tuple) else (value,))]
            total = [spec for spec in total if spec not in found] if sign == "-" else [*total, *found]
        return {spec.name for spec in total}

    found = re.findall(r'"(\w+)" to ContractSignature\((.*)\),\n', KOTLIN)
    kotlin = {name: re.split(r", (?![^(]*\))", sides) for name, sides in found}  # at the comma outside brackets
    assert {name: tuple(map(listed, sides)) for name, sides in kotlin.items()} == {
        name: (set(names(each.inputs, True)), set(names(each.outputs, True))) for name, each in SIGNATURES.items()
    }


@pytest.mark.parametrize("module", [contract, letterbox, objects, overlay, tracker])
def test_kotlin_has_the_same_numbers(module):
    kotlin = dict(re.findall(r"const val (\w+) = ([\d.]+)", KOTLIN))
    assert kotlin.keys() == {name for names in NUMBERS.values() for name in names}
    for name in NUMBERS[module]:
        assert float(kotlin[name]) == getattr(module, name)
