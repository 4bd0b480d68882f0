"""What a `.tflite` file says about itself: signatures, tensors, constants and multiply-adds, read from its flatbuffer.

Nothing is run, so a file is described in milliseconds and on any machine; no TensorFlow.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.flatbuffer import check_whole


@dataclass(frozen=True)
class Tensor:
    """A tensor of a signature: shape, and dtype as NumPy names it."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Signature:
    """One entry point of the file.

    Attributes:
        inputs, outputs: by the name that a signature runner takes.
        multiply_adds: of its convolutions, transposed convolutions, dense layers and matrix products.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    multiply_adds: int


@dataclass(frozen=True)
class TFLiteFile:
    """A parsed file.

    Attributes:
        size_bytes: of the file.
        parameters: values in constant tensors (weights, biases); what signatures share counts once.
        signatures: by name.
    """

    size_bytes: int
    parameters: int
    signatures: dict[str, Signature]


def read_tflite(path: Path) -> TFLiteFile:
    """Parses a file.

    Raises:
        TTVOSError: missing, damaged, or not a TFLite file.
    """
    check_whole(path)
    try:
        return _parse(path.read_bytes())
    except Exception as error:  # whole, but its numbers lead nowhere
        raise TTVOSError(f"{path}: a damaged TFLite file ({type(error).__name__}: {error})") from error


def _parse(data: bytes) -> TFLiteFile:
    model = schema.Model.GetRootAs(data, 0)
    graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
    buffers = [model.Buffers(i).DataAsNumpy() for i in range(model.BuffersLength())]
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    # Files from before TFLite had more than 127 operators keep the code in the older field.
    operators = [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]
    signatures = {}
    for i in range(model.SignatureDefsLength()):
        signature = model.SignatureDefs(i)
        graph = graphs[signature.SubgraphIndex()]
        inputs = [signature.Inputs(j) for j in range(signature.InputsLength())]
        outputs = [signature.Outputs(j) for j in range(signature.OutputsLength())]
        signatures[signature.SignatureKey().decode()] = Signature(
            {each.Name().decode(): _tensor(graph, each.TensorIndex()) for each in inputs},
            {each.Name().decode(): _tensor(graph, each.TensorIndex()) for each in outputs},
            sum(_multiply_adds(graph, graph.Operators(j), operators) for j in range(graph.OperatorsLength())),
        )
    return TFLiteFile(len(data), _parameters(graphs, buffers), signatures)


def _shape(graph: Any, index: int) -> tuple[int, ...]:
    tensor = graph.Tensors(index)
    return tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))


def _tensor(graph: Any, index: int) -> Tensor:
    return Tensor(_shape(graph, index), _DTYPES.get(graph.Tensors(index).Type(), "other"))


_DTYPES = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}


def _parameters(graphs: list, buffers: list) -> int:
    counts = {}
    for graph in graphs:
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            if isinstance(buffers[tensor.Buffer()], np.ndarray) and _is_weight(tensor):
                counts[tensor.Buffer()] = prod(_shape(graph, index))
    return sum(counts.values())


def _is_weight(tensor: Any) -> bool:
    """Real-valued: floats, or integers with a scale. The others are shapes, paddings and axes."""
    scales = tensor.Quantization()
    quantized = scales is not None and scales.ScaleLength() > 0
    return quantized or tensor.Type() in (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)


def _multiply_adds(graph: Any, operator: Any, operators: list[int]) -> int:
    code = operators[operator.OpcodeIndex()]
    inputs = [_shape(graph, operator.Inputs(i)) for i in range(operator.InputsLength()) if operator.Inputs(i) >= 0]
    output = prod(_shape(graph, operator.Outputs(0)))
    kinds = schema.BuiltinOperator
    if code == kinds.CONV_2D:  # kernel (out, h, w, in)
        return output * prod(inputs[1][1:])
    if code == kinds.DEPTHWISE_CONV_2D:  # kernel (1, h, w, out)
        return output * prod(inputs[1][1:3])
    if code == kinds.TRANSPOSE_CONV:  # inputs: output shape, kernel (out, h, w, in), x
        return prod(inputs[2]) * prod(inputs[1][:3])
    if code == kinds.FULLY_CONNECTED:  # kernel (out, in)
        return output * inputs[1][-1]
    if code == kinds.BATCH_MATMUL:
        options = schema.BatchMatMulOptions()
        options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
        return output * inputs[0][-2 if options.AdjX() else -1]
    return 0
