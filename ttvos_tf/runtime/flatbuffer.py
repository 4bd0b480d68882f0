"""Checks that a `.tflite` file is whole, before a runtime maps it.

tflite-runtime does not verify what it loads: a file cut short makes it read past the end and crash the process. A
TFLite file is a FlatBuffer: tables that point to tables, vectors and strings. All that hold data are visited and must
lie inside the file. Field numbers are those of TensorFlow Lite's `schema.fbs`.

`inspection/schema.py` is the other reader of such files. It reads by schema and trusts the file: the schema's classes
follow offsets without asking where they lead, and flatbuffers has a verifier for C++ but none for Python.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path

from ttvos_tf.errors import TTVOSError

IDENTIFIER = b"TFL3"

# Field number -> what it refers to: bytes per element of a vector of numbers (1 for a string), the name of a table, or
# [name] for a vector of tables. Fields left out are numbers stored in the table itself.
TABLES: dict[str, Mapping[int, int | str | list[str]]] = {
    "Model": {1: ["OperatorCode"], 2: ["SubGraph"], 3: 1, 4: ["Buffer"], 5: 4, 6: ["Metadata"], 7: ["SignatureDef"]},
    "OperatorCode": {1: 1},
    "SubGraph": {0: ["Tensor"], 1: 4, 2: 4, 3: ["Operator"], 4: 1},
    "Tensor": {0: 4, 3: 1, 4: "QuantizationParameters", 7: 4},
    "QuantizationParameters": {0: 4, 1: 4, 2: 4, 3: 8},
    "Operator": {1: 4, 2: 4, 4: "Options", 5: 1, 7: 1, 8: 4},
    "Options": {},
    "Buffer": {0: 1},
    "Metadata": {0: 1},
    "SignatureDef": {0: ["TensorMap"], 1: ["TensorMap"], 2: 1},
    "TensorMap": {0: 1},
}


def verify(path: Path) -> None:
    """Checks that a file is TFLite and complete.

    Raises:
        TTVOSError: the file is missing, is not TFLite, or is cut short.
    """
    try:
        with path.open("rb") as file:
            if file.read(8)[4:] != IDENTIFIER:
                raise TTVOSError(f"{path}: not a TFLite file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                _visit(content, _follow(content, 0), "Model")
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such model file") from None
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be read ({error.strerror})") from None
    except struct.error:  # read past the end
        raise TTVOSError(f"{path}: the file is cut short or damaged: copy or download it again") from None


def _visit(content: mmap.mmap, table: int, kind: str) -> None:
    """Visits the table at an offset and all that it refers to; struct.error says that something lies outside."""
    vtable = table - struct.unpack_from("<i", content, table)[0]
    if vtable < 0:
        raise struct.error
    vtable_size, table_size = struct.unpack_from("<HH", content, vtable)
    if max(vtable + vtable_size, table + table_size) > len(content):
        raise struct.error
    for field, refers_to in TABLES[kind].items():
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", content, vtable + entry)[0] if entry < vtable_size else 0
        if not offset:  # left at its default
            continue
        target = _follow(content, table + offset)
        if isinstance(refers_to, str):
            _visit(content, target, refers_to)
            continue
        (length,) = struct.unpack_from("<I", content, target)
        element_size = refers_to if isinstance(refers_to, int) else 4
        if target + 4 + length * element_size > len(content):
            raise struct.error
        if isinstance(refers_to, list):
            for element in range(target + 4, target + 4 + 4 * length, 4):
                _visit(content, _follow(content, element), refers_to[0])


def _follow(content: mmap.mmap, position: int) -> int:
    """Where the reference stored at a position points to."""
    return position + struct.unpack_from("<I", content, position)[0]
