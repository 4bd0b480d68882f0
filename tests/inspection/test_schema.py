"""The parse by schema, against LiteRT's own reader in C++: it lists what it loads."""

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import ttvos_tf
from ttvos_tf.inspection import schema
from ttvos_tf.inspection.operators import operators

PACKAGE = Path(ttvos_tf.__file__).parent
FILE = PACKAGE / "models" / "ttvos_mobilenet_v2_240x432_int8.tflite"


@pytest.fixture
def model():
    return schema.parse(FILE.read_bytes())


def test_nobody_else_reads_by_schema():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "schema_py_generated" in path.read_text(encoding="utf-8")
    }
    assert found == {"inspection/schema.py"}


def test_packed_again_it_is_the_same_file(model):
    assert schema.pack(model) == FILE.read_bytes()


def test_tensors_are_those_that_litert_lists(model):
    interpreter = Interpreter(str(FILE))
    for name, graph in schema.subgraphs(model).items():
        details = interpreter.get_signature_runner(name).get_input_details()
        assert details
        (definition,) = (each for each in model.signatureDefs if each.signatureKey.decode() == name)
        for entry in definition.inputs:
            tensor, expected = graph.tensors[entry.tensorIndex], details[entry.name.decode()]
            assert schema.shape_of(tensor) == tuple(expected["shape"])
            assert schema.dtype_of(tensor) == np.dtype(expected["dtype"]).name


def test_old_files_keep_the_operator_in_a_byte(model):
    """The same file as it would have been written before 2020: LiteRT runs it, and its operators are the same."""
    expected = operators(FILE.read_bytes())
    for code in model.operatorCodes:
        assert code.builtinCode == code.deprecatedBuiltinCode
        code.builtinCode = 0
    content = schema.pack(model)
    assert content != FILE.read_bytes()
    assert operators(content) == expected
    assert "step" in Interpreter(model_content=content).get_signature_list()


def test_operators_beyond_a_byte():
    """They say PLACEHOLDER_FOR_GREATER_OP_CODES (127) where older readers look."""
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode, code.builtinCode = 127, 150
    assert schema.builtin_code(code) == 150


def test_codes_are_added_once(model):
    kinds, count = schema.BuiltinOperator, len(model.operatorCodes)
    conv = schema.code_index(model, kinds.CONV_2D, 3)
    assert schema.builtin_code(model.operatorCodes[conv]) == kinds.CONV_2D and len(model.operatorCodes) == count
    gelu = schema.code_index(model, kinds.GELU)
    assert gelu == count == schema.code_index(model, kinds.GELU)
    assert (model.operatorCodes[gelu].deprecatedBuiltinCode, model.operatorCodes[gelu].builtinCode) == (127, 150)


def test_stored_bytes(model):
    tensor = schema.TensorT()
    model.buffers.append(schema.BufferT())
    tensor.buffer = len(model.buffers) - 1
    assert schema.stored_bytes(model, tensor) is None
    model.buffers[-1].data = np.array([1, -1], np.int8).view(np.uint8)
    np.testing.assert_array_equal(schema.stored_bytes(model, tensor), [1, 255])
    assert schema.shape_of(tensor) == ()
