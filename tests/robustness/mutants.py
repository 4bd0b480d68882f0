"""Mutants that know the structure of what they damage; each is a function of a generator."""

import io
import json
import random
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from tests.runtime.tiny_file import tiny_model
from ttvos_tf.inspection import schema

NUMBERS = (0, 1, -1, 2, 7, 127, 128, 255, 256, 65535, 2**31 - 1, -(2**31), 2**31, 2**32 - 1, 99999)
VALUES = (None, True, 0, -1, 1e308, 10**400, "", "x" * 200, [], {}, [[]], [None], {"a": 1}, "\ud83d\ude00", "nan", 0.5)


def bytes_changed(content: bytes, rng: random.Random) -> bytes:
    """One to four bits, words or stretches of a file changed, cut, doubled or moved."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(max(1, len(changed)))
        kind = rng.choice(("bit", "word", "zeros", "cut", "end", "double"))
        if kind == "bit" and changed:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == "word":
            changed[at : at + 4] = struct.pack("<I", rng.choice(NUMBERS) & 0xFFFFFFFF)
        elif kind == "zeros":
            changed[at : at + 16] = bytes(16)
        elif kind == "cut":
            del changed[at : at + rng.randint(1, 32)]
        elif kind == "end":
            del changed[at:]
        else:
            changed[at:at] = changed[at : at + 32]
    return bytes(changed)


def tflite(rng: random.Random) -> bytes:
    """A small whole model with some of its fields changed, or its bytes."""
    if rng.random() < 0.3:
        return bytes_changed(schema.pack(tiny_model()), rng)
    while True:
        model = tiny_model()
        for _ in range(rng.randint(1, 3)):
            _change_field(model, rng)
        try:
            return schema.pack(model)
        except Exception:  # no file can say that
            continue


def _change_field(model: schema.ModelT, rng: random.Random) -> None:
    things = [model]
    for thing in things:  # grows
        for value in vars(thing).values():
            parts = value if isinstance(value, list) else [value]
            things += [part for part in parts if type(part).__name__.endswith("T")]
    thing = rng.choice([each for each in things if vars(each)])
    name = rng.choice(list(vars(thing)))
    setattr(thing, name, _another(getattr(thing, name), rng))


def _another(value: Any, rng: random.Random) -> Any:
    if isinstance(value, np.ndarray):
        changed = value.copy()
        kind = rng.choice(("item", "longer", "shorter", "none"))
        if kind == "item" and len(changed):
            info = np.iinfo(changed.dtype) if changed.dtype.kind in "iu" else None
            number = rng.choice(NUMBERS)
            changed[rng.randrange(len(changed))] = (
                np.clip(number, info.min, info.max) if info else rng.choice((0, np.nan, -1, 1e38))
            )
            return changed
        return {"longer": np.concatenate([changed, changed]), "shorter": changed[:-1]}.get(kind)
    if isinstance(value, list):
        changed = list(value)
        kind = rng.choice(("drop", "double", "swap", "empty"))
        if kind == "drop" and changed:
            del changed[rng.randrange(len(changed))]
        elif kind == "double" and changed:
            changed.append(rng.choice(changed))
        elif kind == "swap":
            rng.shuffle(changed)
        else:
            changed = []
        return changed
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((*NUMBERS, value + 1, value - 1))
    if isinstance(value, bytes):
        return rng.choice((b"", b"\xff\xfe", value * 9, value[:1]))
    return None


def _chunk(name: bytes, data: bytes, rng: random.Random | None = None) -> bytes:
    size, checksum = len(data), zlib.crc32(name + data)
    if rng and rng.random() < 0.03:
        size = rng.choice(NUMBERS) & 0xFFFFFFFF
    if rng and rng.random() < 0.03:
        checksum ^= 1
    return struct.pack(">I", size) + name + data + struct.pack(">I", checksum)


def png(rng: random.Random) -> bytes:
    """A mask of 96x64 with chunks, header or pixels changed."""
    width, height, depth, colour = 96, 64, 8, 3
    if rng.random() < 0.15:
        width, height = (rng.choice((96, 64, *NUMBERS)) & 0xFFFFFFFF for _ in range(2))
        depth, colour = rng.choice((1, 2, 4, 8, 16, 3, 0)), rng.choice((0, 2, 3, 4, 6, 1))
    pixels = bytearray(97 * 64)
    for _ in range(rng.randint(0, 4)):
        pixels[rng.randrange(len(pixels))] = rng.choice((0, 1, 2, 5, 255))
    data = zlib.compress(bytes(pixels[: rng.choice((len(pixels), len(pixels), len(pixels), 900))]))
    if rng.random() < 0.2:
        data = bytes_changed(data, rng)
    bomb = zlib.compress(bytes(rng.choice((10, 10, 10, 70 << 20))))
    chunks = [
        (b"PLTE", bytes(3 * rng.choice((256, 256, 256, 256, 1, 0, 300)))),
        rng.choice(
            (
                (b"tRNS", bytes(rng.choice((1, 256, 300)))),
                (b"zTXt", b"k\0\0" + bomb),
                (b"iTXt", b"k\0\1\0\0\0" + bomb),
                (b"iCCP", b"k\0\0" + bomb),
                (b"gAMA", b"\0\0\0\0"),
                (b"eXIf", b"MM\0*" + bytes(rng.randrange(40))),
                (b"acTL", struct.pack(">II", rng.choice(NUMBERS) & 0xFFFFFFFF, 0)),
                (b"pHYs", bytes(9)),
            )
        ),
        (b"IDAT", data),
    ]
    if rng.random() < 0.1:
        rng.shuffle(chunks)
    if rng.random() < 0.2:
        chunks.append(rng.choice(chunks))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, rng.choice((0, 0, 1))), rng)
    content = b"\x89PNG\r\n\x1a\n" + header + b"".join(_chunk(*each, rng) for each in chunks) + _chunk(b"IEND", b"")
    return bytes_changed(content, rng) if rng.random() < 0.2 else content


def picture(rng: random.Random, kind: str) -> bytes:
    """A small whole picture in another format, with changed bytes."""
    written = io.BytesIO()
    noise = np.random.default_rng(rng.randrange(9)).integers(0, 256, (64, 96, 3), np.uint8)
    Image.fromarray(noise).save(written, kind)
    return bytes_changed(written.getvalue(), rng)


def _swapped(value: Any, rng: random.Random) -> Any:
    """A JSON value with one of its parts replaced, doubled or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        changed = dict(value)
        name = rng.choice(list(changed))
        kind = rng.random()
        if kind < 0.7:
            changed[name] = _swapped(changed[name], rng)
        elif kind < 0.85:
            del changed[name]
        else:
            changed[rng.choice(("x", "", "..", name * 2))] = changed[name]
        return changed
    if isinstance(value, list) and value and rng.random() < 0.7:
        changed = list(value)
        index = rng.randrange(len(changed))
        changed[index] = _swapped(changed[index], rng)
        return changed
    return rng.choice(VALUES)


def json_text(value: Any, rng: random.Random) -> bytes:
    """A JSON file with changed values, or changed text."""
    text = json.dumps(_swapped(value, rng)).encode()
    if rng.random() < 0.3:
        text = bytes_changed(text, rng)
    return b"[" * rng.choice((1, 100000)) + text if rng.random() < 0.05 else text


def toml_text(text: str, rng: random.Random) -> bytes:
    """A TOML file with changed values, lines or text."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        index = rng.randrange(len(lines))
        kind = rng.choice(("value", "value", "double", "drop", "swap", "header"))
        if kind == "value" and "=" in lines[index]:
            odd = (
                "nan",
                "inf",
                "-1",
                "1e999",
                "9" * 5000,
                "true",
                "''",
                "[]",
                "{}",
                "[[1]]",
                "1979-05-27",
                "0x7f",
                "[" * 3000,
            )
            lines[index] = f"{lines[index].split('=')[0]}= {rng.choice(odd)}"
        elif kind == "double":
            lines.insert(index, lines[index])
        elif kind == "drop" and len(lines) > 1:
            del lines[index]
        elif kind == "swap":
            rng.shuffle(lines)
        elif kind == "header":
            lines.insert(
                index, rng.choice(("[model]", "[[model]]", "[train.x]", "[a" + ".a" * rng.choice((3, 20000)) + "]"))
            )
    content = "\n".join(lines).encode()
    return bytes_changed(content, rng) if rng.random() < 0.3 else content
