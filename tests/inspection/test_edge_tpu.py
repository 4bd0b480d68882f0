"""Each rule on a file of one operator that breaks it, and on the same one put right."""

import numpy as np
import pytest

from ttvos_tf.inspection import schema
from ttvos_tf.inspection.edge_tpu import unsupported_ops

INT8, FLOAT32, INT32 = schema.TensorType.INT8, schema.TensorType.FLOAT32, schema.TensorType.INT32
PICTURE = (1, 4, 4, 8)


def tensor(shape=PICTURE, kind=INT8, values=None, zero_point=0):
    """A description of a tensor: with values it is a constant."""
    return shape, kind, values, zero_point


def file_of(name, inputs, outputs=None, version=1):
    """A `.tflite` file whose only signature, `encode`, is one operator."""
    model, graph, operator = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [], [schema.BufferT()]
    graph.tensors = []
    for shape, kind, values, zero_point in (*inputs, *(outputs or [tensor()])):
        made, quantization = schema.TensorT(), schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = np.ones(1, np.float32), np.array([zero_point], np.int64)
        made.shape, made.type, made.quantization = np.array(shape, np.int32), kind, quantization
        if values is not None:
            made.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.asarray(values).view(np.uint8)
        graph.tensors.append(made)
    operator.opcodeIndex = schema.code_index(model, getattr(schema.BuiltinOperator, name), version)
    operator.inputs, operator.outputs = [*range(len(inputs))], [*range(len(inputs), len(graph.tensors))]
    graph.operators, graph.inputs, graph.outputs = [operator], operator.inputs, operator.outputs
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.inputs, signature.outputs, signature.subgraphIndex = b"encode", [], [], 0
    model.signatureDefs = [signature]
    return schema.pack(model)


KERNEL = tensor((8, 1, 1, 8), values=np.ones(64, np.int8))
BIAS = tensor((8,), INT32, np.ones(8, np.int32))
ZEROS = tensor(values=np.full(128, -5, np.int8), zero_point=-5)
ONES = tensor(values=np.full(128, -4, np.int8), zero_point=-5)


@pytest.mark.parametrize(
    ("reason", "wrong", "right"),
    [
        ("not on the list", ("LEAKY_RELU", [tensor()]), ("RELU", [tensor()])),
        ("version 3, known up to 2", ("ADD", [tensor()] * 2, [tensor()], 3), ("ADD", [tensor()] * 2, [tensor()], 2)),
        ("an input is not 8-bit", ("QUANTIZE", [tensor(kind=FLOAT32)]), ("QUANTIZE", [tensor()])),
        ("the output is not 8-bit", ("RELU", [tensor()], [tensor(kind=FLOAT32)]), ("RELU", [tensor()])),
        (
            "more than three dimensions: (2, 4, 4, 8)",
            ("RELU", [tensor((2, 4, 4, 8))], [tensor((2, 4, 4, 8))]),
            ("RELU", [tensor((2, 4, 4, 8))], [tensor((1, 8, 4, 8))]),
        ),
        (
            "the kernel is not constant",
            ("CONV_2D", [tensor(), tensor((8, 1, 1, 8)), BIAS]),
            ("CONV_2D", [tensor(), KERNEL, BIAS]),
        ),
        (
            "joined with a constant other than zeros",
            ("CONCATENATION", [tensor(), ONES]),
            ("CONCATENATION", [tensor(), ZEROS]),
        ),
        (
            "joined with a constant other than zeros",
            ("CONCATENATION", [tensor(), tensor(), ZEROS]),
            ("CONCATENATION", [tensor(), tensor(), tensor()]),
        ),
    ],
)
def test_one_reason(reason, wrong, right):
    assert unsupported_ops(file_of(*wrong)) == [f"0 {wrong[0]}: {reason}"]
    assert unsupported_ops(file_of(*right)) == []
