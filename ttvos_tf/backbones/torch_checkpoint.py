"""Reads the tensors of a PyTorch checkpoint (`.pth`) without PyTorch and without running anything from the file.

Both formats of `torch.save` are read: the zip archive of PyTorch 1.6 (2020) and later, and the stream of pickles before
it (the official HRNet weights are from 2019). A pickle can name any function of Python to be called; here only the
names that a state dict is made of are known, and everything else is refused.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, ClassVar

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import open_input

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
MOST_PICKLE = 1 << 26  # bytes, without the tensors' own
_SETS = (pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET)
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
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
        flat = buffers[self.storage.key]
        count = int(np.prod(self.shape, dtype=np.float64))  # float: sizes made up to overflow an integer stay large
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.shape, *self.strides)) < 0 or count > flat.size or (count and last >= flat.size):
            raise pickle.UnpicklingError("a tensor reaches beyond its storage")
        strides = [step * flat.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False).copy()


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a checkpoint by name.

    A dict {"state_dict": ...} around them, and prefixes "module." and "model.", are taken off.

    Raises:
        TTVOSError: the file is missing, truncated, not a checkpoint, or holds anything but plain tensors.
    """
    with open_input(path) as file:
        try:
            content, buffers = (_read_zip if zipfile.is_zipfile(file) else _read_legacy)(file)
            return {_bare(name): view.read(buffers) for name, view in _views(content).items()}
        except TTVOSError as error:
            raise TTVOSError(f"{path}: {error}") from None
        except Exception as error:  # a damaged pickle can fail in any way
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise TTVOSError(f"{path}: not a whole PyTorch checkpoint ({reason})") from error


def _read_zip(file: BinaryIO) -> tuple[Any, dict[str, np.ndarray]]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise TTVOSError(f"a zip file without a PyTorch state dict; {_RESAVE}")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
            raise TTVOSError(f"saved on a big-endian machine; {_RESAVE} on another")
        if archive.getinfo(pickles[0]).file_size > MOST_PICKLE:
            raise TTVOSError(f"describes more than a state dict does; {_RESAVE}")
        with archive.open(pickles[0]) as pickled:
            unpickler = _Unpickler(pickled)
            content = unpickler.load()
        buffers = {}
        for key, storage in unpickler.storages.items():
            name = f"{root}data/{key}"
            # Before it is unpacked: a few bytes can unpack to any number.
            if archive.getinfo(name).file_size != storage.size * storage.dtype.itemsize:
                raise EOFError(f"storage {key} is cut short")
            buffers[key] = _buffer(archive.read(name), storage)
    return content, buffers


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
    for key in map(_key, _Unpickler(file).load()):
        storage = unpickler.storages[key]
        file.read(8)  # the count again
        buffers[key] = _buffer(file.read(storage.size * storage.dtype.itemsize), storage)
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
            raise TTVOSError(f"entry {name!r} is not a tensor; {_RESAVE}")
    return content


def _bare(name: str) -> str:
    return name.removeprefix("module.").removeprefix("model.")


def _key(key: Any) -> Any:
    if not isinstance(key, str | int):
        raise TTVOSError(f"holds a key that is no text or number; {_RESAVE}")
    return key


def _with_plain_keys(code: bytes, keys: slice) -> Callable[[Any], None]:
    """What runs an instruction that puts items into a dict, whose keys lie at those places of the stack."""
    load = pickle._Unpickler.dispatch[code[0]]

    def checked(unpickler: Any) -> None:
        for key in unpickler.stack[keys]:
            _key(key)
        load(unpickler)

    return checked


class _Unpickler(pickle._Unpickler):
    """In Python, not C: the C one allocates as large a memo as a damaged file asks for.

    Keys are texts or numbers, and there are no sets: tuples in tuples take twice as long to hash for each level.
    """

    dispatch: ClassVar = {
        **{code: load for code, load in pickle._Unpickler.dispatch.items() if bytes([code]) not in _SETS},
        pickle.SETITEM[0]: _with_plain_keys(pickle.SETITEM, slice(-2, -1)),
        pickle.SETITEMS[0]: _with_plain_keys(pickle.SETITEMS, slice(None, None, 2)),
        pickle.DICT[0]: _with_plain_keys(pickle.DICT, slice(None, None, 2)),
    }

    def __init__(self, file: IO[bytes]):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _empty_dict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise TTVOSError(f"holds {module}.{name}, which is not part of a plain state dict; {_RESAVE}")

    def persistent_load(self, pid: tuple) -> _Storage:
        kind, dtype, key, _device, size, *view = pid
        _key(key)
        if kind != "storage" or dtype not in _DTYPES.values() or any(part is not None for part in view):
            raise TTVOSError(f"holds a storage that is not plain; {_RESAVE}")
        return self.storages.setdefault(key, _Storage(key, np.dtype(dtype), size))


def _empty_dict() -> OrderedDict:
    return OrderedDict()


def _rebuild_tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_rest: Any) -> _View:
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, _Storage) or len(numbers) > 65 or not all(type(number) is int for number in numbers):
        raise TTVOSError(f"holds a tensor that is not plain; {_RESAVE}")
    return _View(storage, offset, tuple(shape), tuple(strides))
