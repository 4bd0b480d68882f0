"""Checks a `.tflite` file before a runtime maps it: that it is whole, and that all it refers to is there.

A runtime does not verify what it loads. A file cut short makes it read past the end; an index that leads nowhere, or a
scale that is missing, crashes the process. A TFLite file is a FlatBuffer: tables that point to tables, vectors and
strings. Field numbers are those of TensorFlow Lite's `schema.fbs`. A field that is not listed here is in no TTVOS file,
and refused: what it refers to would not be checked. The file's size bounds the time, whatever points to what.

`inspection/schema.py` is the other reader of such files. It reads by schema and trusts the file: the schema's classes
follow offsets without asking where they lead, and flatbuffers has a verifier for C++ but none for Python.
"""

import hashlib
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_bytes

IDENTIFIER = b"TFL3"
MOST_MODEL = 1 << 30  # bytes of a file
MOST_TENSOR = 1 << 30  # bytes of a tensor
CHECKSUM = b"ttvos_sha256"  # name of the metadata that holds it
CHECKSUM_SIZE = 32


@dataclass(frozen=True)
class Number:
    """A field that holds a number; `code` is struct's."""

    code: str


@dataclass(frozen=True)
class Numbers:
    """A field that refers to a vector of numbers; `dtype` is NumPy's."""

    dtype: str


@dataclass(frozen=True)
class Table:
    """A field that refers to a table; if `many`, to a vector of such references."""

    kind: str
    many: bool = False


class Span(NamedTuple):
    """Where bytes lie in the file."""

    start: int
    size: int


Text = Numbers("text")
Bytes = Numbers("bytes")
Fields = dict[str, Any]

KINDS: dict[str, dict[int, tuple[str, Number | Numbers | Table]]] = {
    "Model": {
        0: ("version", Number("I")),
        1: ("operator_codes", Table("OperatorCode", many=True)),
        2: ("subgraphs", Table("SubGraph", many=True)),
        3: ("description", Text),
        4: ("buffers", Table("Buffer", many=True)),
        5: ("metadata_buffer", Numbers("<i4")),
        6: ("metadata", Table("Metadata", many=True)),
        7: ("signatures", Table("SignatureDef", many=True)),
    },
    "OperatorCode": {
        0: ("old_code", Number("b")),
        1: ("custom_code", Text),
        2: ("version", Number("i")),
        3: ("code", Number("i")),
    },
    "SubGraph": {
        0: ("tensors", Table("Tensor", many=True)),
        1: ("inputs", Numbers("<i4")),
        2: ("outputs", Numbers("<i4")),
        3: ("operators", Table("Operator", many=True)),
        4: ("name", Text),
    },
    "Tensor": {
        0: ("shape", Numbers("<i4")),
        1: ("type", Number("b")),
        2: ("buffer", Number("I")),
        3: ("name", Text),
        4: ("quantization", Table("Quantization")),
        5: ("is_variable", Number("?")),
        7: ("shape_signature", Numbers("<i4")),
        8: ("has_rank", Number("?")),
    },
    "Quantization": {
        0: ("min", Numbers("<f4")),
        1: ("max", Numbers("<f4")),
        2: ("scale", Numbers("<f4")),
        3: ("zero_point", Numbers("<i8")),
        4: ("details_type", Number("B")),
        6: ("dimension", Number("i")),
    },
    "Operator": {
        0: ("code", Number("I")),
        1: ("inputs", Numbers("<i4")),
        2: ("outputs", Numbers("<i4")),
        3: ("options_type", Number("B")),
        4: ("options", Table("Options")),
        5: ("custom_options", Bytes),
        6: ("custom_options_format", Number("b")),
        7: ("mutating", Numbers("|u1")),
        8: ("intermediates", Numbers("<i4")),
    },
    "Buffer": {0: ("data", Bytes)},
    "Metadata": {0: ("name", Text), 1: ("buffer", Number("I"))},
    "SignatureDef": {
        0: ("inputs", Table("TensorMap", many=True)),
        1: ("outputs", Table("TensorMap", many=True)),
        2: ("key", Text),
        4: ("subgraph", Number("I")),
    },
    "TensorMap": {0: ("name", Text), 1: ("tensor", Number("I"))},
    "OptionsWithVector": {0: ("values", Numbers("<i4"))},
}


def _left_out(field: Number | Numbers | Table) -> Any:
    if isinstance(field, Number):
        return 0
    if isinstance(field, Table):
        return [] if field.many else None
    return Span(0, 0) if field == Bytes else b"" if field == Text else np.empty(0, field.dtype)


# Kind -> field -> what it is where a table leaves it out.
LEFT_OUT = {kind: {name: _left_out(field) for name, field in fields.values()} for kind, fields in KINDS.items()}
# Options of an operator are a table of numbers, whatever its kind; but for these, by their number among BuiltinOptions.
OPTIONS_WITH_VECTOR = (17, 30)  # Reshape, Squeeze
OPTIONS_REFUSED = {
    3,
    16,
    92,
    93,
    103,
    107,
    111,
    115,
}  # they refer to graphs, texts, or vectors of their own
# TensorType -> bytes of an element.
TYPES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 9: 1, 10: 8, 15: 4}
QUANTIZED = {7: (-(2**15), 2**15 - 1), 9: (-128, 127)}  # INT16, INT8: there is no such tensor without a scale


class _DamagedError(Exception):
    """What is wrong with a file."""


@dataclass(frozen=True)
class Verified:
    """A file that is whole.

    Attributes:
        digest: of its content, hexadecimal: the checksum that it carries, else its SHA-256.
        carried: whether it carries that, so that every byte is as it was written.
    """

    digest: str
    carried: bool


def verify(path: Path) -> Verified:
    """Checks a file.

    Raises:
        TTVOSError: the file is missing, is not TFLite, is damaged, or is not what its checksum says.
    """
    content = read_bytes(path, MOST_MODEL, "model file")
    if content[4:8] != IDENTIFIER:
        raise TTVOSError(f"{path}: not a TFLite file")
    try:
        reader = _Reader(content)
        model = reader.table(reader.follow(0), "Model")
        _check_model(model, reader)
        sums = _checksums(model)
    except (struct.error, _DamagedError) as error:
        reason = f" ({error})" if isinstance(error, _DamagedError) else ""
        raise TTVOSError(f"{path}: the file is cut short or damaged: copy or download it again{reason}") from None
    for span in sums:
        found = digest(content, span)
        if found != content[span.start : span.start + span.size]:
            raise TTVOSError(f"{path}: the file is not as it was written (its checksum differs): copy it again")
    return Verified((found if sums else hashlib.sha256(content).digest()).hex(), carried=bool(sums))


def digest(content: bytes, span: Span) -> bytes:
    """The checksum of a file, which does not count the bytes that hold it."""
    end = span.start + span.size
    return hashlib.sha256(content[: span.start] + bytes(span.size) + content[end:]).digest()


def checksum_span(content: bytes) -> Span:
    """Where a whole file holds its checksum."""
    reader = _Reader(content)
    (span,) = _checksums(reader.table(reader.follow(0), "Model"))
    return span


def _checksums(model: Fields) -> list[Span]:
    entries = [entry for entry in model["metadata"] if entry["name"] == CHECKSUM]
    spans = [model["buffers"][entry["buffer"]]["data"] for entry in entries]
    if any(span.size != CHECKSUM_SIZE for span in spans):
        raise _DamagedError("its checksum is cut short")
    return spans


class _Reader:
    """Reads tables of a file by kind, each once; struct.error says that something lies outside."""

    def __init__(self, content: bytes):
        self._content = content
        self._known: dict[tuple[int, Any], Any] = {}
        self._left = 8 * len(content)  # far more than a file has whose parts do not lie over each other

    def spend(self, steps: int) -> None:
        """Counts steps of the check, so that it ends."""
        self._left -= steps
        if self._left < 0:
            raise _DamagedError("its parts lie over each other")

    def follow(self, position: int) -> int:
        """Where the reference stored at a position points to."""
        return position + self._number("I", position)

    def table(self, position: int, kind: str) -> Fields:
        """The table at a position: name of a field -> its value, None, 0 or an empty one if it is left out."""
        if (position, kind) not in self._known:
            self._known[position, kind] = self._table(position, kind)
        return self._known[position, kind]

    def _table(self, position: int, kind: str) -> Fields:
        vtable = position - self._number("i", position)
        if vtable < 0:
            raise struct.error
        vtable_size, size = self._number("H", vtable), self._number("H", vtable + 2)
        if vtable_size < 4 or vtable_size % 2 or max(vtable + vtable_size, position + size) > len(self._content):
            raise struct.error
        self.spend(vtable_size + size)
        offsets = struct.unpack_from(f"<{vtable_size // 2 - 2}H", self._content, vtable + 4)
        found = dict(LEFT_OUT.get(kind, {}))
        for number, offset in enumerate(offsets):
            if not offset:
                continue
            if not 4 <= offset < size:
                raise struct.error
            if kind == "Options":
                continue
            if number not in KINDS[kind]:
                raise _DamagedError(f"its table {kind} has the field {number}, which no TTVOS file has")
            name, field = KINDS[kind][number]
            found[name] = self._value(position + offset, field, position + size)
        return found

    def _value(self, position: int, field: Number | Numbers | Table, end: int) -> Any:
        if isinstance(field, Number):
            if position + struct.calcsize(field.code) > end:
                raise struct.error
            return self._number(field.code, position)
        target = self.follow(position)
        if isinstance(field, Table) and not field.many:
            # What options refer to is known when their operator is.
            return target if field.kind == "Options" else self.table(target, field.kind)
        if (target, field) not in self._known:
            self._known[target, field] = self._vector(target, field)
        return self._known[target, field]

    def _vector(self, position: int, field: Numbers | Table) -> Any:
        count, start = self._number("I", position), position + 4
        is_text = isinstance(field, Numbers) and field.dtype in ("text", "bytes")
        item = 4 if isinstance(field, Table) else 1 if is_text else np.dtype(field.dtype).itemsize
        if start + count * item > len(self._content):
            raise struct.error
        self.spend(4 + count * item)
        if isinstance(field, Table):
            return [self.table(self.follow(each), field.kind) for each in range(start, start + 4 * count, 4)]
        if field == Bytes:
            return Span(start, count)
        if field == Text:
            if self._content[start + count : start + count + 1] != b"\0":  # runtimes read up to it
                raise _DamagedError("a text in it has no end")
            return self._content[start : start + count]
        return np.frombuffer(self._content, field.dtype, count, start)

    def _number(self, code: str, position: int) -> Any:
        return struct.unpack_from(f"<{code}", self._content, position)[0]


def _check_model(model: Fields, reader: _Reader) -> None:
    """Checks what refers to what.

    Raises:
        _DamagedError: naming what is wrong.
    """
    buffers, graphs = model["buffers"], model["subgraphs"]
    for entry in model["metadata"]:
        _check_index(entry["buffer"], buffers, "a buffer of metadata")
    for index in model["metadata_buffer"]:
        _check_index(index, buffers, "a buffer of metadata")
    for graph in graphs:
        _check_graph(graph, model, reader)
    for signature in model["signatures"]:
        _check_index(signature["subgraph"], graphs, "a signature's graph")
        graph = graphs[signature["subgraph"]]
        for side in ("inputs", "outputs"):
            reader.spend(len(signature[side]) + len(graph[side]))
            known = set(graph[side].tolist())
            if any(each["tensor"] not in known for each in signature[side]):
                raise _DamagedError(f"a signature's {side} are not those of its graph")


def _check_graph(graph: Fields, model: Fields, reader: _Reader) -> None:
    tensors, buffers = graph["tensors"], model["buffers"]
    reader.spend(len(tensors) + len(graph["operators"]))
    for tensor in tensors:
        _check_index(tensor["buffer"], buffers, "a tensor's buffer")
        _check_tensor(tensor, buffers[tensor["buffer"]]["data"].size)
    constant = {index for index, each in enumerate(tensors) if buffers[each["buffer"]]["data"].size}
    readable = constant | {index for index, each in enumerate(tensors) if each["is_variable"]}
    inputs = _indices(graph["inputs"], tensors, "a graph's input", reader)
    if constant & set(inputs):
        raise _DamagedError("a graph's input is a constant")
    readable.update(inputs)
    for operator in graph["operators"]:
        _check_index(operator["code"], model["operator_codes"], "an operator's code")
        _check_options(operator, reader)
        # -1 stands for an input that is left out.
        for index in _indices(operator["inputs"][operator["inputs"] != -1], tensors, "an operator's input", reader):
            if index not in readable:
                raise _DamagedError("an operator reads what nothing has written")
        _indices(operator["intermediates"], tensors, "an operator's intermediate", reader)
        for index in _indices(operator["outputs"], tensors, "an operator's output", reader):
            if index in readable and not tensors[index]["is_variable"]:
                raise _DamagedError("an operator writes what is there already")
            readable.add(index)
    if not readable.issuperset(_indices(graph["outputs"], tensors, "a graph's output", reader)):
        raise _DamagedError("a graph's output is written by nothing")


def _check_tensor(tensor: Fields, stored: int) -> None:
    kind, shape = tensor["type"], tensor["shape"]
    if kind not in TYPES:
        raise _DamagedError(f"a tensor has the type {kind}, which no TTVOS file has")
    size = TYPES[kind] * math.prod(shape.tolist())
    if (shape < 0).any() or size > MOST_TENSOR:
        raise _DamagedError(f"a tensor has the shape {shape[:8].tolist()}")
    if stored and stored != size:
        raise _DamagedError(f"a constant of shape {shape[:8].tolist()} has {stored} bytes, not {size}")
    quantization = tensor["quantization"] or {"scale": np.empty(0), "zero_point": np.empty(0), "dimension": 0}
    scale, zero = quantization["scale"], quantization["zero_point"]
    low, high = QUANTIZED.get(kind, (-(2**31), 2**31 - 1))
    if kind in QUANTIZED and not len(scale):
        raise _DamagedError("a quantised tensor has no scale")
    if not len(scale):
        return
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise _DamagedError("a scale is not above 0")
    if len(zero) != len(scale) or (zero < low).any() or (zero > high).any():
        raise _DamagedError("a tensor's zero points do not fit its scales or its type")
    if len(scale) > 1:
        dimension = quantization["dimension"]
        if not 0 <= dimension < len(shape) or shape[dimension] != len(scale):
            raise _DamagedError("a tensor has not as many scales as channels")


def _check_options(operator: Fields, reader: _Reader) -> None:
    kind = operator["options_type"]
    if kind in OPTIONS_REFUSED:
        raise _DamagedError(f"an operator has options of type {kind}, which no TTVOS file has")
    if operator["options"] is not None:
        reader.table(operator["options"], "OptionsWithVector" if kind in OPTIONS_WITH_VECTOR else "Options")


def _check_index(index: int, things: list, what: str) -> None:
    if not 0 <= index < len(things):
        raise _DamagedError(f"{what} is number {index}, but there are {len(things)}")


def _indices(indices: np.ndarray, tensors: list, what: str, reader: _Reader) -> list[int]:
    reader.spend(len(indices))
    for index in indices.tolist():
        _check_index(index, tensors, what)
    return indices.tolist()
