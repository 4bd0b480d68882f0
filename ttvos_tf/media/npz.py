"""Archives of arrays (`.npz`) from anybody: what is in them takes no more memory than they say, and nothing is run."""

import io
import math
import warnings
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import open_input

Arrays = dict[str, np.ndarray]

LARGEST = 1 << 30  # bytes of all arrays together, before and after unpacking
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}  # 3.0 is for records with odd names


def read_arrays(path: Path) -> Arrays:
    """All arrays of a file by name, in this machine's byte order.

    Raises:
        TTVOSError: missing, no regular file, too large, truncated, or not an `.npz` of plain arrays.
    """
    with open_input(path, "weights file") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        try:
            return _read(file)
        except Exception as error:  # besides what is raised below, zipfile, zlib and NumPy raise what they come upon
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise TTVOSError(f"{path}: not a whole .npz weights file ({reason})") from error


def _read(file: BinaryIO) -> Arrays:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check_members(members)
        return {member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members}


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuses what `numpy.savez` would not have written, by the archive's table of contents."""
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise ValueError("holds two arrays of one name")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise ValueError(f"holds {member.filename!r}, which is no array")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"holds {member.filename!r}, compressed as no .npz file is")
    if (size := sum(member.file_size for member in members)) > LARGEST:
        raise ValueError(f"unpacks to {size} bytes; at most {LARGEST} are read")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        content = file.read(member.file_size)  # with a size, it unpacks no more than that
    stream = io.BytesIO(content)
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"holds {member.filename!r}, an array of an unknown format")
    shape, by_columns, dtype = _HEADERS[version](stream)
    values = memoryview(content)[stream.tell() :]
    if len(content) != member.file_size or len(values) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{member.filename!r} is not as large as its shape {shape} says")
    array = np.frombuffer(values, dtype).reshape(shape, order="F" if by_columns else "C")
    return array.astype(dtype.newbyteorder("="))
