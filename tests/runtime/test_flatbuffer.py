"""What is checked of a `.tflite` file before a runtime maps it; what no check finds ends another process than ours."""

import hashlib
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.runtime.tiny_file import tiny_model
from tests.shipped import FILES
from ttvos_tf.contract import file_name
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.inspection import schema
from ttvos_tf.runtime.flatbuffer import Verified, verify
from ttvos_tf.runtime.installed import FOLDER, is_installed
from ttvos_tf.runtime.interpreter import MODULES
from ttvos_tf.runtime.trial import try_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.tflite"


def test_a_whole_file_runs(path):
    path.write_bytes(schema.pack(tiny_model()))
    assert verify(path) == Verified(hashlib.sha256(path.read_bytes()).hexdigest(), carried=False)
    for module in MODULES.values():
        try_file(path, module, module)


@pytest.mark.parametrize("name", FILES)
def test_installed_files_are_known_as_they_were_written(name):
    verified = verify(FOLDER / file_name(name))
    assert verified.carried or is_installed(verified.digest)


def change_first(table, field, value):
    def change(model):
        graph = model.subgraphs[0]
        things = {
            "tensor": graph.tensors,
            "operator": graph.operators,
            "signature": model.signatureDefs,
            "graph": [graph],
        }
        setattr(things[table][0], field, value)

    return change


def change_quantization(field, value):
    return lambda model: setattr(model.subgraphs[0].tensors[4].quantization, field, value)


def leave_out_the_scale(model):
    model.subgraphs[0].tensors[4].quantization = None


def write_a_constant(model):
    model.subgraphs[0].operators[0].outputs = np.array([1], np.int32)


def swap_operators(model):
    model.subgraphs[0].operators.reverse()


def give_a_constant(model):
    model.subgraphs[0].inputs = np.array([1], np.int32)


def drop_an_operator(model):
    del model.subgraphs[0].operators[-1]


def set_a_wrong_map(model):
    model.signatureDefs[0].inputs[0].tensorIndex = 3


def cut_a_constant(model):
    model.buffers[1].data = model.buffers[1].data[:-4]


def name_another_buffer(model):
    entry = schema.MetadataT()
    entry.name, entry.buffer = b"note", 99
    model.metadata = [entry]


def run_another_graph(model):
    model.subgraphs[0].operators[0].builtinOptionsType = schema.BuiltinOptions.CallOnceOptions
    model.subgraphs[0].operators[0].builtinOptions = None


def make_sparse(model):
    from ai_edge_litert.schema_py_generated import SparsityParametersT

    model.subgraphs[0].tensors[1].sparsity = SparsityParametersT()


BROKEN = {
    "a tensor's buffer is number 99999": change_first("tensor", "buffer", 99999),
    "a tensor has the type 5": change_first("tensor", "type", 5),
    "a tensor has the shape [-1, 4]": change_first("tensor", "shape", np.array([-1, 4], np.int32)),
    "a tensor has the shape [65536, 65536]": change_first("tensor", "shape", np.array([65536, 65536], np.int32)),
    "an operator's code is number 77": change_first("operator", "opcodeIndex", 77),
    "an operator's input is number 99": change_first("operator", "inputs", np.array([99], np.int32)),
    "an operator's input is number -2": change_first("operator", "inputs", np.array([-2], np.int32)),
    "an operator's output is number 99": change_first("operator", "outputs", np.array([99], np.int32)),
    "an operator's output is number -1": change_first("operator", "outputs", np.array([-1], np.int32)),
    "an operator's intermediate is number 99": change_first("operator", "intermediates", np.array([99], np.int32)),
    "a graph's input is number 99": change_first("graph", "inputs", np.array([99], np.int32)),
    "a graph's output is number 99": change_first("graph", "outputs", np.array([99], np.int32)),
    "a signature's graph is number 99999": change_first("signature", "subgraphIndex", 99999),
    "a signature's inputs are not those of its graph": set_a_wrong_map,
    "a buffer of metadata is number 99": name_another_buffer,
    "a quantised tensor has no scale": leave_out_the_scale,
    "a scale is not above 0": change_quantization("scale", np.array([np.nan], np.float32)),
    "a tensor's zero points do not fit": change_quantization("zeroPoint", np.array([999], np.int64)),
    "a tensor has not as many scales as channels": lambda model: (
        change_quantization("scale", np.full(2, 0.1, np.float32))(model),
        change_quantization("zeroPoint", np.zeros(2, np.int64))(model),
    ),
    "an operator writes what is there already": write_a_constant,
    "an operator reads what nothing has written": swap_operators,
    "a graph's input is a constant": give_a_constant,
    "a graph's output is written by nothing": drop_an_operator,
    "a constant of shape [3, 4] has 44 bytes, not 48": cut_a_constant,
    "an operator has options of type 103": run_another_graph,
    "its table Tensor has the field 6": make_sparse,
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_would_crash_a_runtime_is_refused(path, reason):
    model = tiny_model()
    BROKEN[reason](model)
    path.write_bytes(schema.pack(model))
    with pytest.raises(TTVOSError) as error:
        verify(path)
    assert str(error.value).startswith(f"{path}: the file is cut short or damaged") and reason in str(error.value)


@pytest.mark.parametrize("overlapping", [False, True])
def test_the_check_ends_whatever_points_to_what(path, overlapping):
    """20,000 graphs that are one table, or vectors that lie over each other, with 20,000 tensors that are one."""
    count, out = 20000, bytearray(b"\0\0\0\0TFL3")

    def table(slots, size):
        at = len(out)
        out.extend(struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), size, *slots) + bytes(2 * len(slots) % 4))
        out.extend(struct.pack("<i", len(out) - at) + bytes(size - 4))
        return len(out) - size

    def vector():
        out.extend(struct.pack("<I", count) + bytes(4 * count))
        return len(out) - 4 * count - 4

    model, graphs = table((0, 0, 4), 8), vector()
    tables = [table((4,), 8) for _ in range(count if overlapping else 1)]
    tensors = vector()
    tensor = table((), 4)
    for at, to in ((0, model), (model + 4, graphs), *((each + 4, tensors) for each in tables)):
        struct.pack_into("<I", out, at, to - at)
    for index, at in enumerate(range(graphs + 4, graphs + 4 + 4 * count, 4)):
        struct.pack_into("<I", out, at, tables[index % len(tables)] - at)
    for at in range(tensors + 4, tensors + 4 + 4 * count, 4):
        struct.pack_into("<I", out, at, tensor - at)
    path.write_bytes(out)
    began = time.process_time()
    with pytest.raises(TTVOSError, match="cut short or damaged"):
        verify(path)
    assert time.process_time() - began < 5


def test_a_file_knows_its_own_content(path):
    """Every byte that is changed is noticed, and a second checksum takes the first one's place."""
    content = with_checksum(schema.pack(tiny_model()))
    path.write_bytes(content)
    known = verify(path)
    assert known.carried and with_checksum(content) == content
    for position in range(8, len(content), 17):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        try:
            assert not verify(path).carried, position  # the name of the checksum itself: then it has none
        except TTVOSError:
            continue
    other = tiny_model()
    other.description = b"another"
    path.write_bytes(with_checksum(schema.pack(other)))
    assert verify(path).digest != known.digest


CRASHING = "import os, signal\nclass Interpreter:\n    def __init__(self, *_, **__):\n        {}\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"a\.tflite: ends the process that runs it \(SIGSEGV\)"),
        ("os.abort()", r"a\.tflite: ends the process that runs it \(SIGABRT\)"),
        ("while True: pass", r"a\.tflite: does not run within 3 seconds"),
    ],
)
def test_a_file_that_crashes_its_runtime_does_not_crash_us(path, monkeypatch, body, message):
    (path.parent / "crashing.py").write_text(CRASHING.format(body))
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr("ttvos_tf.runtime.trial.PATIENCE", 3 if "while" in body else 60)
    with pytest.raises(TTVOSError, match=message):
        try_file(path, body, "crashing")


def test_a_file_without_checksum_is_said_to_be_unverified(path):
    path.write_bytes(schema.pack(tiny_model()))
    program = (
        "import sys; from pathlib import Path; from ttvos_tf.runtime.interpreter import check_file, load_runtime\n"
        "check_file(Path(sys.argv[1]), load_runtime('litert')[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == ""
    assert done.stderr.startswith(f"{path}: unverified: ") and done.stderr.count("\n") == 1
    path.write_bytes(with_checksum(path.read_bytes()))
    assert subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True).stderr == ""
