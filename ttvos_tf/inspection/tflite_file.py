"""What a `.tflite` file says about itself: signatures, tensors, constants and multiply-adds, read from its flatbuffer.

Nothing is run, so a file is described in milliseconds and on any machine; no TensorFlow.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from ttvos_tf.contract import Tensor
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection import schema
from ttvos_tf.runtime.flatbuffer import verify


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
    verify(path)
    try:
        return _describe(path.read_bytes())
    except Exception as error:  # whole, but its numbers lead nowhere
        raise TTVOSError(f"{path}: a damaged TFLite file ({type(error).__name__}: {error})") from error


def _describe(content: bytes) -> TFLiteFile:
    model = schema.parse(content)
    graphs = schema.subgraphs(model)
    signatures = {}
    for definition in model.signatureDefs or ():
        name = definition.signatureKey.decode()
        tensors = graphs[name].tensors
        signatures[name] = Signature(
            {entry.name.decode(): _tensor(tensors[entry.tensorIndex]) for entry in definition.inputs},
            {entry.name.decode(): _tensor(tensors[entry.tensorIndex]) for entry in definition.outputs},
            sum(_multiply_adds(model, graphs[name], operator) for operator in graphs[name].operators),
        )
    return TFLiteFile(len(content), _parameters(model), signatures)


def _tensor(tensor: schema.TensorT) -> Tensor:
    return Tensor(schema.shape_of(tensor), schema.dtype_of(tensor))


def _parameters(model: schema.ModelT) -> int:
    constants = {
        tensor.buffer: prod(schema.shape_of(tensor))
        for graph in model.subgraphs
        for tensor in graph.tensors
        if _is_weight(tensor) and schema.stored_bytes(model, tensor) is not None
    }
    return sum(constants.values())


def _is_weight(tensor: schema.TensorT) -> bool:
    """Real-valued: floats, or integers with a scale. The others are shapes, paddings and axes."""
    quantization = tensor.quantization
    quantized = quantization is not None and quantization.scale is not None and len(quantization.scale) > 0
    return quantized or tensor.type in (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)


def _multiply_adds(model: schema.ModelT, graph: schema.SubGraphT, operator: schema.OperatorT) -> int:
    kind, kinds = schema.builtin_of(model, operator), schema.BuiltinOperator
    inputs = [schema.shape_of(graph.tensors[index]) for index in operator.inputs if index >= 0]
    output = prod(schema.shape_of(graph.tensors[operator.outputs[0]]))
    if kind == kinds.CONV_2D:  # kernel (out, h, w, in)
        return output * prod(inputs[1][1:])
    if kind == kinds.DEPTHWISE_CONV_2D:  # kernel (1, h, w, out)
        return output * prod(inputs[1][1:3])
    if kind == kinds.TRANSPOSE_CONV:  # inputs: output shape, kernel (out, h, w, in), x
        return prod(inputs[2]) * prod(inputs[1][:3])
    if kind == kinds.FULLY_CONNECTED:  # kernel (out, in)
        return output * inputs[1][-1]
    if kind == kinds.BATCH_MATMUL:
        return output * inputs[0][-2 if operator.builtinOptions.adjX else -1]
    return 0
