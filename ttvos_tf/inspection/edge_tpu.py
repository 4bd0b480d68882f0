"""Which operators of a file Coral's Edge TPU would refuse, and why.

Its compiler was frozen in 2021 (version 16). The list of operators and their limits: coral.ai/docs/edgetpu/models-intro
("Supported operations"). It maps operators up to the first one that it refuses; all after that run on the CPU.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttvos_tf.inspection import schema
from ttvos_tf.inspection.operators import operator_of


@dataclass(frozen=True)
class Node:
    """An operator of a graph, as the rules look at it.

    Attributes:
        inputs, outputs: tensors; inputs that are left out are not among them.
        constants: of each input, its bytes in the file; None where it is computed.
    """

    inputs: list[schema.TensorT]
    outputs: list[schema.TensorT]
    constants: list[np.ndarray | None]


Rule = Callable[[Node], str | None]
"""Says why a node is refused; None if it is not."""


def eight_bit(node: Node) -> str | None:
    """What is computed is 8-bit. Constants may be of other types: biases, shapes, axes."""
    computed = [tensor for tensor, values in zip(node.inputs, node.constants, strict=True) if values is None]
    if not all(_is_eight_bit(tensor) for tensor in computed):
        return "an input is not 8-bit"
    return None if all(_is_eight_bit(tensor) for tensor in node.outputs) else "the output is not 8-bit"


def three_dimensions(node: Node) -> str | None:
    """Only the last three dimensions may be larger than 1."""
    for tensor in node.outputs:
        shape = schema.shape_of(tensor)
        if any(size > 1 for size in shape[:-3]):
            return f"more than three dimensions: {shape}"
    return None


def joins_zeros_at_most(node: Node) -> str | None:
    """Tensors may be joined with each other; one tensor also with a constant of zeros."""
    constants = [(t, values) for t, values in zip(node.inputs, node.constants, strict=True) if values is not None]
    if constants and (len(node.inputs) != 2 or not all(_is_zero(tensor, values) for tensor, values in constants)):
        return "joined with a constant other than zeros"
    return None


def constant_kernel(node: Node) -> str | None:
    """Input 1 of a convolution."""
    return "the kernel is not constant" if node.constants[1] is None else None


EVERYWHERE: tuple[Rule, ...] = (eight_bit, three_dimensions)

# Operator -> the highest version known to be accepted, those of 8-bit kernels at the time; and its own rules.
ACCEPTED: dict[str, tuple[int, tuple[Rule, ...]]] = {
    "ADD": (2, ()),
    "AVERAGE_POOL_2D": (2, ()),
    "CONCATENATION": (2, (joins_zeros_at_most,)),
    "CONV_2D": (5, (constant_kernel,)),
    "DEPTHWISE_CONV_2D": (5, (constant_kernel,)),
    "FULLY_CONNECTED": (4, ()),
    "L2_NORMALIZATION": (2, ()),
    "LOGISTIC": (2, ()),
    "MAX_POOL_2D": (2, ()),
    "MAXIMUM": (2, ()),
    "MEAN": (2, ()),
    "MINIMUM": (2, ()),
    "MUL": (2, ()),
    "PAD": (2, ()),
    "QUANTIZE": (2, ()),
    "RELU": (2, ()),
    "RELU6": (2, ()),
    "RESHAPE": (1, ()),
    "RESIZE_BILINEAR": (3, ()),
    "RESIZE_NEAREST_NEIGHBOR": (3, ()),
    "SOFTMAX": (2, ()),
    "SPACE_TO_DEPTH": (1, ()),
    "STRIDED_SLICE": (2, ()),
    "SUB": (2, ()),
    "TANH": (2, ()),
    "TRANSPOSE_CONV": (3, (constant_kernel,)),
}


def unsupported_ops(content: bytes, signature: str = "encode") -> list[str]:
    """One line for each operator of a signature that Edge TPU would refuse: its place, name and the reason."""
    model = schema.parse(content)
    graph = schema.subgraphs(model)[signature]
    lines = []
    for place, operator in enumerate(graph.operators):
        name, version = operator_of(model, operator)
        reason = _refusal(name, version, _node(model, graph, operator))
        if reason:
            lines.append(f"{place} {name}: {reason}")
    return lines


def _refusal(name: str, version: int, node: Node) -> str | None:
    """The first reason against an operator."""
    if name not in ACCEPTED:
        return "not on the list"
    highest, own = ACCEPTED[name]
    if version > highest:
        return f"version {version}, known up to {highest}"
    return next(filter(None, (rule(node) for rule in (*EVERYWHERE, *own))), None)


def _node(model: schema.ModelT, graph: schema.SubGraphT, operator: schema.OperatorT) -> Node:
    inputs = [graph.tensors[index] for index in operator.inputs if index >= 0]
    outputs = [graph.tensors[index] for index in operator.outputs]
    return Node(inputs, outputs, [schema.stored_bytes(model, tensor) for tensor in inputs])


def _is_eight_bit(tensor: schema.TensorT) -> bool:
    return tensor.type in (schema.TensorType.INT8, schema.TensorType.UINT8)


def _is_zero(tensor: schema.TensorT, stored: np.ndarray) -> bool:
    """Whether a constant means zero everywhere."""
    return bool((stored.view(schema.dtype_of(tensor)) == tensor.quantization.zeroPoint[0]).all())
