"""Writes what `torch.save` writes, without PyTorch: the zip format and the older stream of pickles.

Checked once against PyTorch 2.4.1, which loads both. PyTorch's own names have to exist while a pickle that refers to
them is written, so stand-ins take their place in sys.modules for that long.
"""

import contextlib
import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "int64": "LongStorage"}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class View:
    """A tensor: a strided view of a flat array."""

    def __init__(self, flat: np.ndarray, offset: int, shape: tuple, strides: tuple):
        self.flat, self.offset, self.shape, self.strides = flat, offset, shape, strides

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (_Flat(self.flat), self.offset, self.shape, self.strides, False, OrderedDict())


class _Flat:
    def __init__(self, array: np.ndarray):
        self.array = array


def view(array: np.ndarray) -> View:
    strides = tuple(step // array.itemsize for step in array.copy(order="C").strides)
    return View(array.ravel(), 0, array.shape, strides)


def save_zip(path: Path, content) -> None:
    data, flats = _pickle(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        for key, flat in enumerate(flats):
            archive.writestr(f"archive/data/{key}", flat.tobytes())
        archive.writestr("archive/version", "3\n")


def save_legacy(path: Path, content) -> None:
    data, flats = _pickle(content, view_metadata=(None,))
    with path.open("wb") as file:
        pickle.dump(LEGACY_MAGIC, file, 2)
        pickle.dump(1001, file, 2)
        pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}, file, 2)
        file.write(data)
        pickle.dump([str(key) for key in range(len(flats))], file, 2)
        for flat in flats:
            file.write(np.int64(flat.size).tobytes() + flat.tobytes())


def _pickle(content, view_metadata: tuple = ()) -> tuple[bytes, list[np.ndarray]]:
    flats: list[np.ndarray] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, _Flat):
                return None
            known = [index for index, flat in enumerate(flats) if flat is obj.array]
            if not known:
                flats.append(obj.array)
            key = str(known[0] if known else len(flats) - 1)
            kind = getattr(sys.modules["torch"], STORAGES[obj.array.dtype.name])
            return ("storage", kind, key, "cpu", obj.array.size, *view_metadata)

    with _stand_ins():
        stream = io.BytesIO()
        Pickler(stream, 2).dump(content)
    return stream.getvalue(), flats


@contextlib.contextmanager
def _stand_ins():
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild():
        raise AssertionError("only named, never called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
