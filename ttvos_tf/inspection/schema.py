"""The flatbuffer of a `.tflite` file as objects to read and change: the only parse by schema in the project.

The schema is LiteRT's, which comes with the light runtime; no TensorFlow. `parse` makes an object of every table and
trusts the file: `runtime/flatbuffer.py` says whether it is whole. What an object holds is said by its class in the
schema; those who change files take the classes from here.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert.schema_py_generated import (
    BufferT,
    BuiltinOperator,
    BuiltinOptions,
    MetadataT,
    Model,
    ModelT,
    OperatorCodeT,
    OperatorT,
    QuantizationParametersT,
    ReshapeOptionsT,
    SignatureDefT,
    SubGraphT,
    TensorT,
    TensorType,
)

__all__ = [
    "BufferT",
    "BuiltinOperator",
    "BuiltinOptions",
    "MetadataT",
    "ModelT",
    "OperatorCodeT",
    "OperatorT",
    "QuantizationParametersT",
    "ReshapeOptionsT",
    "SignatureDefT",
    "SubGraphT",
    "TensorT",
    "TensorType",
    "builtin_code",
    "builtin_of",
    "code_index",
    "dtype_of",
    "pack",
    "parse",
    "shape_of",
    "stored_bytes",
    "subgraphs",
]

_IDENTIFIER = b"TFL3"
_DTYPES = {value: name.lower() for name, value in vars(TensorType).items() if isinstance(value, int)}


def parse(content: bytes) -> ModelT:
    """The objects of a file."""
    return ModelT.InitFromObj(Model.GetRootAsModel(content, 0))


def pack(model: ModelT) -> bytes:
    """The file of objects: of those that `parse` gave and nobody changed, the same file byte by byte."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def subgraphs(model: ModelT) -> dict[str, SubGraphT]:
    """Signature -> its graph."""
    return {
        signature.signatureKey.decode(): model.subgraphs[signature.subgraphIndex]
        for signature in model.signatureDefs or ()
    }


def builtin_code(code: OperatorCodeT) -> int:
    """The number of an operator in `BuiltinOperator`.

    Files from before TFLite had more than 127 operators keep it in a byte that is now called deprecated. Newer files
    keep it in a field of its own, which is 0 in older files. The larger of both holds for either.
    """
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def builtin_of(model: ModelT, operator: OperatorT) -> int:
    """What an operator of a file is, as its number in `BuiltinOperator`."""
    return builtin_code(model.operatorCodes[operator.opcodeIndex])


def code_index(model: ModelT, builtin: int, version: int = 1) -> int:
    """The place of an operator among the file's operator codes; it is added where it is missing."""
    for index, code in enumerate(model.operatorCodes):
        if builtin_code(code) == builtin and code.version == version:
            return index
    code = OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def dtype_of(tensor: TensorT) -> str:
    """A tensor's dtype as NumPy names it; "other" if the schema does not know it."""
    return _DTYPES.get(tensor.type, "other")


def shape_of(tensor: TensorT) -> tuple[int, ...]:
    """A tensor's shape; () of a scalar, for which the file may leave it out."""
    return () if tensor.shape is None else tuple(int(size) for size in tensor.shape)


def stored_bytes(model: ModelT, tensor: TensorT) -> np.ndarray | None:
    """The values of a constant tensor as they lie in the file, uint8 (bytes,); None for a tensor that is computed."""
    data: Any = model.buffers[tensor.buffer].data
    return None if data is None or not len(data) else np.asarray(data, np.uint8)
