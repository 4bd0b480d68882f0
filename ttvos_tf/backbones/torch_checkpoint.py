"""Reads the tensors of a PyTorch checkpoint (`.pth`) without PyTorch and without running anything from the file.

Both formats of `torch.save` are read: the zip archive of PyTorch 1.6 (2020) and later, and the stream of pickles before
it (the official HRNet weights are from 2019). A pickle can name any function of Python to be called; here only the
names that a state dict is made of are known, and everything else is refused.
"""

import io
import math
import pickle
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, ClassVar

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import open_input
from ttvos_tf.limits import shown

StateDict = dict[str, np.ndarray]

_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LARGEST = 1 << 31  # bytes of all tensors together; several may be views of the same bytes
_RESAVE = "re-save it in PyTorch with torch.save(model.state_dict(), FILE)"


@dataclass(frozen=True)
class _Storage:
    """A flat buffer that tensors are views of. Its bytes come after the pickle, so it is known by key until then."""

    key: str
    dtype: np.dtype
    size: int


@dataclass(frozen=True)
class _View:
    """A tensor: a strided view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self, buffers: dict[str, np.ndarray]) -> np.ndarray:
        """The tensor, without a copy of its values."""
        flat = buffers[self.storage.key]
        count = math.prod(self.shape)
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.shape, *self.strides)) < 0 or count > flat.size or (count and last >= flat.size):
            raise pickle.UnpicklingError("a tensor reaches beyond its storage")
        strides = [step * flat.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False)


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a checkpoint by name.

    A dict {"state_dict": ...} around them, and prefixes "module." and "model.", are taken off.

    Raises:
        TTVOSError: the file is missing, truncated, not a checkpoint, or holds anything but plain tensors.
    """
    with open_input(path) as file:
        try:
            content, buffers = _read_zip(file) if zipfile.is_zipfile(file) else _read_legacy(file)
            tensors = {_bare(name): view.read(buffers) for name, view in _views(content).items()}
            if sum(tensor.nbytes for tensor in tensors.values()) > _LARGEST:
                raise TTVOSError(f"its tensors have more than {_LARGEST} bytes")
            return {name: tensor.copy() for name, tensor in tensors.items()}
        except TTVOSError as error:
            raise TTVOSError(f"{path}: {error}") from None
        except Exception as error:  # a damaged pickle can fail in any way
            reason = " ".join(str(error).split())[:200]
            raise TTVOSError(f"{path}: not a whole PyTorch checkpoint ({type(error).__name__}: {reason})") from error


def _read_zip(file: BinaryIO) -> tuple[Any, dict[str, np.ndarray]]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise TTVOSError(f"a zip file without a PyTorch state dict; {_RESAVE}")
        if sum(member.file_size for member in archive.infolist()) > _LARGEST:
            raise TTVOSError(f"unpacks to more than {_LARGEST} bytes")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and _unpacked(archive, f"{root}byteorder") != b"little":
            raise TTVOSError(f"saved on a big-endian machine; {_RESAVE} on another")
        unpickler = _Unpickler(io.BytesIO(_unpacked(archive, pickles[0])))
        content = unpickler.load()
        buffers = {
            key: _buffer(_unpacked(archive, f"{root}data/{key}"), storage)
            for key, storage in unpickler.storages.items()
        }
    return content, buffers


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(archive.getinfo(name).file_size)  # with a size, it unpacks no more than that


def _read_legacy(file: BinaryIO) -> tuple[Any, dict[str, np.ndarray]]:
    """Magic number, protocol version, system facts, content, list of keys; then a count and the bytes of each key."""
    file.seek(0)
    if _Unpickler(file).load() != _LEGACY_MAGIC:
        raise TTVOSError(f"not a PyTorch checkpoint; {_RESAVE}")
    _Unpickler(file).load()
    if _Unpickler(file).load().get("little_endian") is not True:
        raise TTVOSError(f"saved on a big-endian machine; {_RESAVE} on another")
    unpickler = _Unpickler(file)
    content = unpickler.load()
    buffers = {}
    for key in _Unpickler(file).load():
        storage = unpickler.storages[_text(key)]
        file.read(8)  # the count again
        buffers[key] = _buffer(file.read(min(storage.size * storage.dtype.itemsize, _LARGEST)), storage)
    return content, buffers


def _buffer(data: bytes, storage: _Storage) -> np.ndarray:
    if len(data) != storage.size * storage.dtype.itemsize:
        raise EOFError(f"storage {storage.key} is cut short")
    return np.frombuffer(data, storage.dtype)


def _views(content: Any) -> dict[str, _View]:
    if isinstance(content, dict) and "state_dict" in content:
        content = content["state_dict"]
    if not isinstance(content, dict) or not content:
        raise TTVOSError(f"holds no state dict; {_RESAVE}")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, _View):
            raise TTVOSError(f"entry {shown(name)} is not a tensor; {_RESAVE}")
    return content


def _bare(name: str) -> str:
    return name.removeprefix("module.").removeprefix("model.")


def _text(value: Any) -> str:
    """What has to be a string: anything else might take for ever to hash."""
    if type(value) is not str:
        raise pickle.UnpicklingError(f"a key is no string, but {type(value).__name__}")
    return value


def _whole(value: Any) -> int:
    """What has to be a number of things: a tuple might take for ever to compare."""
    if type(value) is not int:
        raise pickle.UnpicklingError(f"a size is no number, but {type(value).__name__}")
    return value


def _opcodes(*names: str) -> set[int]:
    """Codes of pickle instructions."""
    return {ord(each.code) for each in pickletools.opcodes if each.name in names}


# What torch.save writes, whichever protocol it is told: no sets, no classes, no functions but `find_class`'s.
_KNOWN = _opcodes(
    *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE"),
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS"),
    *("BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
)


class _Unpickler(pickle._Unpickler):
    """In Python, not C: the C one allocates as large a memo as a damaged file asks for."""

    stack: list[Any]
    dispatch: ClassVar[dict[int, Any]] = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code in _KNOWN
    }

    def __init__(self, file: IO[bytes]):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def load_setitem(self) -> None:
        """Puts one item into a dict."""
        _text(self.stack[-2])
        super().load_setitem()  # type: ignore[misc]  # not in typeshed

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        """Puts items into a dict."""
        for key in self.stack[::2]:
            _text(key)
        super().load_setitems()  # type: ignore[misc]

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def load_build(self) -> None:
        """Leaves out what was hung on an object: PyTorch hangs `_metadata` on its state dicts."""
        self.stack.pop()

    dispatch[pickle.BUILD[0]] = load_build

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _empty_dict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if not f"{module}{name}".isprintable():
            raise pickle.UnpicklingError("a name that cannot be printed")
        raise TTVOSError(f"holds {module}.{name}, which is not part of a plain state dict; {_RESAVE}")

    def persistent_load(self, pid: tuple) -> _Storage:
        kind, dtype, key, _device, size, *view = pid
        if kind != "storage" or dtype not in _DTYPES.values() or any(part is not None for part in view):
            raise TTVOSError(f"holds a storage that is not plain; {_RESAVE}")
        return self.storages.setdefault(_text(key), _Storage(key, np.dtype(dtype), _whole(size)))


def _empty_dict() -> dict[str, Any]:
    """An OrderedDict as it is pickled: empty, filled afterwards."""
    return {}


def _rebuild_tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_rest: Any) -> _View:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _View(storage, _whole(offset), tuple(map(_whole, shape)), tuple(map(_whole, strides)))
