"""A small whole `.tflite` file of objects, to change one by one: constants, quantised tensors, two kinds of options."""

import numpy as np
from ai_edge_litert import schema_py_generated as generated

from ttvos_tf.inspection import schema

FLOAT32, INT32, INT8 = schema.TensorType.FLOAT32, schema.TensorType.INT32, schema.TensorType.INT8


def tiny_model() -> schema.ModelT:
    """One signature "serve": x float32 (1, 4) -> FULLY_CONNECTED, QUANTIZE, RESHAPE, DEQUANTIZE -> y float32 (3, 1)."""
    model = schema.ModelT()
    model.version, model.description, model.operatorCodes = 3, b"tiny", []
    model.buffers, model.metadata = [_buffer(b"")], []
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = b"main", [], []
    x = _tensor(graph, b"x", (1, 4))
    weights = _tensor(graph, b"w", (3, 4), buffer=_constant(model, np.ones((3, 4), np.float32)))
    bias = _tensor(graph, b"b", (3,), buffer=_constant(model, np.zeros(3, np.float32)))
    sums = _tensor(graph, b"s", (1, 3))
    scaled = _tensor(graph, b"q", (1, 3), INT8)
    shape = _tensor(graph, b"n", (2,), INT32, buffer=_constant(model, np.array([3, 1], np.int32)))
    shaped = _tensor(graph, b"r", (3, 1), INT8)
    y = _tensor(graph, b"y", (3, 1))
    _operator(model, graph, "FULLY_CONNECTED", [x, weights, bias], sums, "FullyConnectedOptions")
    _operator(model, graph, "QUANTIZE", [sums], scaled, "QuantizeOptions")
    _operator(model, graph, "RESHAPE", [scaled, shape], shaped, "ReshapeOptions").newShape = np.array([3, 1], np.int32)
    _operator(model, graph, "DEQUANTIZE", [shaped], y, "DequantizeOptions")
    graph.inputs, graph.outputs = np.array([x], np.int32), np.array([y], np.int32)
    model.subgraphs = [graph]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serve", 0
    signature.inputs, signature.outputs = [_map(b"x", x)], [_map(b"y", y)]
    model.signatureDefs = [signature]
    return model


def _buffer(content: bytes) -> schema.BufferT:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8) if content else None
    return buffer


def _constant(model: schema.ModelT, values: np.ndarray) -> int:
    model.buffers.append(_buffer(values.tobytes()))
    return len(model.buffers) - 1


def _tensor(graph: schema.SubGraphT, name: bytes, shape: tuple, kind: int = FLOAT32, buffer: int = 0) -> int:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, np.array(shape, np.int32), kind, buffer
    if kind == INT8:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.array([0.1], np.float32)
        tensor.quantization.zeroPoint = np.array([0], np.int64)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operator(model, graph, kind: str, inputs: list[int], output: int, options: str):
    operator = schema.OperatorT()
    operator.opcodeIndex = schema.code_index(model, getattr(schema.BuiltinOperator, kind))
    operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
    operator.builtinOptions = getattr(generated, f"{options}T")()
    graph.operators.append(operator)
    return operator.builtinOptions


def _map(name: bytes, index: int):
    found = generated.TensorMapT()
    found.name, found.tensorIndex = name, index
    return found
