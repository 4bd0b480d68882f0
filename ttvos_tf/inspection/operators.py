"""Which operators a `.tflite` file uses, and which of them a device would refuse."""

from collections import Counter

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection import schema

Operator = tuple[str, int]

_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def operators(content: bytes) -> dict[str, Counter[Operator]]:
    """How often each (operator, version) occurs, by signature.

    Custom operators are named `custom:<name>`; those of TensorFlow's Flex delegate begin with `custom:Flex`.
    """
    model = schema.parse(content)
    return {
        signature: Counter(operator_of(model, operator) for operator in graph.operators)
        for signature, graph in schema.subgraphs(model).items()
    }


def operator_of(model: schema.ModelT, operator: schema.OperatorT) -> Operator:
    """Name and version of one operator of a parsed file."""
    code = model.operatorCodes[operator.opcodeIndex]
    if code.customCode:
        return f"custom:{code.customCode.decode()}", code.version
    return _NAMES[schema.builtin_code(code)], code.version


def holds_int8(content: bytes) -> bool:
    """Whether a file computes with int8 anywhere."""
    graphs = schema.parse(content).subgraphs
    return any(tensor.type == schema.TensorType.INT8 for graph in graphs for tensor in graph.tensors)


def check_operators(content: bytes) -> None:
    """Checks that plain TFLite runs the file: no custom (Flex) operator, no CONV_2D of version 6.

    Version 6 says that some convolution is grouped: Edge TPU's compiler then refuses the whole file.

    Raises:
        TTVOSError: naming the signature and the operator.
    """
    for signature, counts in operators(content).items():
        for name, version in counts:
            if name.startswith("custom:"):
                raise TTVOSError(f"signature {signature}: operator {name} needs more than a plain TFLite runtime")
            if name == "CONV_2D" and version >= 6:
                raise TTVOSError(f"signature {signature}: CONV_2D version {version} (grouped), which Edge TPU refuses")
