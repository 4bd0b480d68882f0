"""Weights files as nobody wrote them: `.npz` and `.pth` files that are damaged where their structure is, at random.

`npz_mutant(rng)` and `pth_mutant(rng)` give (what was done, the file's bytes). `CLASSES` names both, with the reader
that has to read the file or to refuse it in one line.
"""

import io
import json
import pickletools
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.backbones.torch_files import save_legacy, save_zip, view
from ttvos_tf.backbones.torch_checkpoint import read_state_dict
from ttvos_tf.config import ModelConfig
from ttvos_tf.weights import config_of, read_npz

Mutant = tuple[str, bytes]


def arrays() -> dict[str, np.ndarray]:
    """A small checkpoint."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 4, 8)).astype(np.float32)
    return {
        "config": np.array(ModelConfig().to_json()),
        "weights/conv/kernel": kernel,
        "weights/conv/bias": kernel[0, 0, 0].astype(np.float16),
        "raw/conv/kernel": kernel,
        "optimizer/0": np.array(3),
        "optimizer/1": kernel,
        "train": np.array(json.dumps({"steps": 6})),
        "log": np.zeros((3, 4)),
    }


def npy(array: np.ndarray, **header: object) -> bytes:
    """An `.npy` member, of which the header may lie: keys `descr`, `fortran_order`, `shape`."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    if not header:
        return stream.getvalue()
    told = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape, **header}
    text = repr(told).encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text + array.tobytes()


def npz(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of members, by their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


VALUES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nan": lambda a: a * np.nan,
    "inf": lambda a: a + np.float32(np.inf),
    "too large for float32": lambda a: a.astype(np.float64) + 1e300,
    "complex": lambda a: a + 0j,
    "integers": lambda a: a.astype(np.int32),
    "booleans": lambda a: a > 0,
    "strings": lambda a: a.astype(str),
    "bytes": lambda a: a.astype("S"),
    "dates": lambda a: a.astype(np.int64).view("M8[s]"),
    "records": lambda a: np.zeros(a.shape, [("x", "f4"), ("y", "f4")]),
    "long doubles": lambda a: a.astype(np.longdouble) * np.longdouble("1e400"),
    "big-endian nan": lambda a: (a * np.nan).astype(">f4"),
}

HEADERS: dict[str, dict[str, object]] = {
    "10^12 values": {"shape": (10**12,)},
    "10^12 times 0": {"shape": (10**12, 10**9)},
    "below zero": {"shape": (-1, -288)},
    "no numbers": {"shape": ("a",)},
    "no tuple": {"shape": 288},
    "40 dimensions": {"shape": (1,) * 40},
    "no dtype": {"descr": "<q9"},
    "objects": {"descr": "|O"},
    "a dtype of dtypes": {"descr": [("x", "<f4", (1 << 20, 1 << 20))]},
    "nothing": {"descr": "|V0"},
    "long": {"descr": "<f4", "shape": (288,), "x": "y" * 200_000},
}

CONFIGS = ["", "null", "[]", "3", '"a"', "{", "[" * 100_000, '{"backbone": "vgg"}', '{"a": ' + "9" * 5000 + "}", "\0"]
CONFIGS += ['{"matching_channels": 100000000}', '{"past_masks": 1e999}', '{"reach": NaN}', '{"quantized": "yes"}']


def npz_mutant(rng: np.random.Generator) -> Mutant:
    """A file that must be refused, or is read though its bytes changed."""
    members = {f"{name}.npy": npy(array) for name, array in arrays().items()}
    tensor = str(rng.choice(["weights/conv/kernel", "raw/conv/kernel", "optimizer/1"]))
    value = arrays()[tensor]
    kind = int(rng.integers(9))
    if kind == 0:
        what = str(rng.choice(list(VALUES)))
        with np.errstate(all="ignore"):
            return f"{tensor}: {what}", npz(members | {f"{tensor}.npy": npy(VALUES[what](value))})
    if kind == 1:
        what = str(rng.choice(list(HEADERS)))
        return f"{tensor}: header, {what}", npz(members | {f"{tensor}.npy": npy(value, **HEADERS[what])})
    if kind == 2:
        name, text = str(rng.choice(["config", "train"])), str(rng.choice(CONFIGS))
        return f"{name}: {text[:20]}", npz(members | {f"{name}.npy": npy(np.array(text))})
    if kind == 3:
        name, wrong = str(rng.choice(["config", "train"])), [np.zeros(3), np.array(["a", "b"]), np.array(b"{}")]
        return f"{name}: no text", npz(members | {f"{name}.npy": npy(wrong[rng.integers(3)])})
    if kind == 4:
        odd = {"readme.txt": b"hello", "weights/x.npy": b"", "../x.npy": npy(value)[:40], "x": npy(value)}
        name = str(rng.choice(list(odd)))
        return f"member {name}", npz(members | {name: odd[name]})
    if kind == 5:
        compression = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)[rng.integers(2)]
        return "another compression", npz(members, compression)
    content = bytearray(npz(members, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[rng.integers(2)]))
    if kind == 6:
        return "cut", bytes(content[: rng.integers(len(content))])
    if kind == 7:  # a field of the directory: method, flags (encrypted), sizes, offsets
        entries = [at for at in range(len(content) - 46) if content[at : at + 4] == b"PK\1\2"]
        at = int(rng.choice(entries)) + int(rng.choice([8, 9, 10, 16, 20, 23, 24, 27, 28, 30, 42, 45]))
        content[at] ^= int(rng.integers(1, 256))
        return f"directory, byte {at}", bytes(content)
    for at in rng.integers(len(content), size=rng.integers(1, 6)):
        content[at] = rng.integers(256)
    return "bytes", bytes(content)


def pth_mutant(rng: np.random.Generator) -> Mutant:
    """A checkpoint whose pickle has other instructions, or whose bytes changed."""
    state = {"conv.weight": view(np.ones((2, 3), np.float32)), "conv.bias": view(np.zeros(2, np.float16))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pth"
        is_zip = bool(rng.integers(2))
        (save_zip if is_zip else save_legacy)(path, state)
        content = bytearray(path.read_bytes())
        pickled = zipfile.ZipFile(path).read("archive/data.pkl") if is_zip else b""
    kind = int(rng.integers(4 if is_zip else 2))
    if kind == 0:
        return "cut", bytes(content[: rng.integers(len(content))])
    if kind == 1:
        for at in rng.integers(len(content), size=rng.integers(1, 6)):
            content[at] = rng.integers(256)
        return "bytes", bytes(content)
    places = [place for _, _, place in pickletools.genops(pickled)]
    at, other = (int(place) for place in rng.choice(places[1:], 2))
    if kind == 2:  # an instruction, of all that there are, before another one
        code = pickletools.opcodes[rng.integers(len(pickletools.opcodes))]
        changed = pickled[:at] + code.code.encode("latin1") + pickled[at:]
        what = f"instruction {code.name}"
    else:  # a part of the program twice, or left out
        changed = pickled[:at] + pickled[min(at, other) :]
        what = "a part moved"
    explode = b")" + b"".join(b"q%ch%c\x86" % (i + 100, i + 100) for i in range(60))
    if rng.random() < 0.3:
        changed = changed[:at] + explode + changed[at:]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", changed)
        archive.writestr("archive/data/0", np.ones(6, np.float32).tobytes())
        archive.writestr("archive/data/1", np.zeros(2, np.float16).tobytes())
    return what, stream.getvalue()


def read_weights(path: Path) -> None:
    """As every command reads weights."""
    config_of(read_npz(path), path)


def read_torch(path: Path) -> None:
    """As convert_torch reads a checkpoint."""
    read_state_dict(path)


CLASSES: dict[str, tuple[Callable[[np.random.Generator], Mutant], Callable[[Path], None], str]] = {
    "mutated .npz": (npz_mutant, read_weights, ".npz"),
    "mutated .pth": (pth_mutant, read_torch, ".pth"),
}
