"""Which operators of a file Coral's Edge TPU would refuse, and why.

Its compiler was frozen in 2021 (version 16). The list of operators and their limits: coral.ai/docs/edgetpu/models-intro
("Supported operations"). It maps operators up to the first one that it refuses; all after that run on the CPU.
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ttvos_tf.inspection.operators import operator_of

# Operator -> the highest version known to be accepted: those of 8-bit kernels at the time.
VERSIONS = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 5,
    "FULLY_CONNECTED": 4,
    "LOGISTIC": 2,
    "MAX_POOL_2D": 2,
    "MAXIMUM": 2,
    "MEAN": 2,
    "MINIMUM": 2,
    "MUL": 2,
    "PAD": 2,
    "QUANTIZE": 2,
    "RELU": 2,
    "RELU6": 2,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 3,
    "RESIZE_NEAREST_NEIGHBOR": 3,
    "SOFTMAX": 2,
    "SPACE_TO_DEPTH": 1,
    "STRIDED_SLICE": 2,
    "SUB": 2,
    "TANH": 2,
    "TRANSPOSE_CONV": 3,
}
_EIGHT_BIT = (schema.TensorType.INT8, schema.TensorType.UINT8)


def refused(content: bytes, signature: str = "encode") -> list[str]:
    """One line for each operator of a signature that Edge TPU would refuse: its place, name and the reason."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    (index,) = (s.subgraphIndex for s in model.signatureDefs if s.signatureKey.decode() == signature)
    graph = model.subgraphs[index]
    lines = []
    for place, each in enumerate(graph.operators):
        name, version = operator_of(model, each)
        reason = _reason(model, graph, each, name, version)
        if reason:
            lines.append(f"{place} {name}: {reason}")
    return lines


def _reason(model: Any, graph: Any, operator: Any, name: str, version: int) -> str | None:
    if name not in VERSIONS:
        return "not on the list"
    if version > VERSIONS[name]:
        return f"version {version}, known up to {VERSIONS[name]}"
    inputs = [graph.tensors[index] for index in operator.inputs if index >= 0]
    outputs = [graph.tensors[index] for index in operator.outputs]
    constants = [_constant(model, each) for each in inputs]
    for each, constant in zip(inputs, constants, strict=True):
        if constant is None and each.type not in _EIGHT_BIT:
            return "an input is not 8-bit"
    for each in outputs:
        if each.type not in _EIGHT_BIT:
            return "the output is not 8-bit"
        if len(each.shape) > 3 and any(size > 1 for size in each.shape[:-3]):
            return f"more than three dimensions: {tuple(each.shape)}"
    if name == "CONCATENATION" and any(each is not None for each in constants):
        zero_points = [each.quantization.zeroPoint[0] for each in inputs]
        zeros = all((c == z).all() for c, z in zip(constants, zero_points, strict=True) if c is not None)
        if len(inputs) != 2 or not zeros:
            return "joined with a constant other than zeros"
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV") and constants[1] is None:
        return "the kernel is not constant"
    return None


def _constant(model: Any, tensor: Any) -> np.ndarray | None:
    data = model.buffers[tensor.buffer].data
    if data is None or not len(data):
        return None
    return np.asarray(data, np.uint8).view(np.int8) if tensor.type == schema.TensorType.INT8 else np.asarray(data)
