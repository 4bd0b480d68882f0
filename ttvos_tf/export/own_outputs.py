"""Every output of a signature is written by an operator, so that each runtime fills it.

An input that a signature hands on (`update` does, with feat16) leaves the converter as one tensor in both lists. The
Interpreter gives it back. CompiledModel, on which LiteRT in browsers and on phones is built, never writes such an
output, and may put its buffer in the input's place. The converter folds identities away, so the finished file gets a
RESHAPE to the tensor's own shape. Ours, not the paper's.
"""

import copy

import numpy as np

from ttvos_tf.inspection import schema


def give_own_outputs(content: bytes) -> bytes:
    """Puts a RESHAPE between each output that is an input of its signature, and that input; no value changes.

    Args:
        content: a `.tflite` file.

    Returns:
        The changed file; `content` itself if no output is an input.
    """
    model = schema.parse(content)
    handed_on = [(signature, output) for signature in model.signatureDefs for output in _handed_on(signature)]
    if not handed_on:
        return content
    for signature, output in handed_on:
        _give_own(model, model.subgraphs[signature.subgraphIndex], output)
    return schema.pack(model)


def handed_on_outputs(content: bytes) -> list[str]:
    """The outputs that are inputs of their signature, as "signature.output"."""
    return [
        f"{signature.signatureKey.decode()}.{output.name.decode()}"
        for signature in schema.parse(content).signatureDefs
        for output in _handed_on(signature)
    ]


def _handed_on(signature: schema.SignatureDefT) -> list:
    inputs = {tensor.tensorIndex for tensor in signature.inputs}
    return [output for output in signature.outputs if output.tensorIndex in inputs]


def _give_own(model: schema.ModelT, graph: schema.SubGraphT, output: schema.TensorT) -> None:
    source = output.tensorIndex
    shape = np.array(graph.tensors[source].shape, np.int32)
    own = copy.deepcopy(graph.tensors[source])
    own.name = b"own_" + output.name
    reshape = schema.OperatorT()
    reshape.opcodeIndex = schema.code_index(model, schema.BuiltinOperator.RESHAPE)
    reshape.inputs = [source, _add(graph, _constant(model, own.name + b"_shape", shape))]
    reshape.outputs = [_add(graph, own)]
    reshape.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    reshape.builtinOptions = schema.ReshapeOptionsT()
    reshape.builtinOptions.newShape = shape
    graph.operators.append(reshape)
    (output.tensorIndex,) = reshape.outputs
    # The graph lists its outputs once more, in an order of its own.
    graph.outputs = list(graph.outputs)
    graph.outputs[graph.outputs.index(source)] = output.tensorIndex


def _constant(model: schema.ModelT, name: bytes, values: np.ndarray) -> schema.TensorT:
    buffer = schema.BufferT()
    buffer.data = values.view(np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.shape = name, schema.TensorType.INT32, np.array(values.shape, np.int32)
    tensor.buffer = len(model.buffers) - 1
    return tensor


def _add(graph: schema.SubGraphT, tensor: schema.TensorT) -> int:
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
