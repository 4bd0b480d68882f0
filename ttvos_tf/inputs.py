"""Files that are read: regular ones, of a bounded size; and the texts among them, TOML and JSON.

What is no regular file is refused before it is opened for good: a FIFO would wait for its writer, a device may have no
end. Whatever a parser raises is the error of the file that it read.
"""

import contextlib
import io
import json
import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttvos_tf.errors import TTVOSError

# Bytes. Far more than any file needs that is not a mistake, and few enough for every reader to end soon: Python's TOML
# parser takes time in the square of the length of a key.
MOST_TOML = 1 << 15
MOST_TEXT = 1 << 26
MOST_IMAGE = 1 << 29

FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):  # those that the system has
    FLAGS |= getattr(os, _name, 0)


@contextlib.contextmanager
def open_input(path: str | Path, what: str = "file") -> Iterator[io.BufferedReader]:
    """Opens a regular file to read its bytes.

    Args:
        path: the file; links are followed.
        what: what a missing one is called in the error: "no such image".

    Raises:
        TTVOSError: it is missing, no regular file, or cannot be opened; or reading from it fails within the block.
    """
    try:
        _check_kind(path, os.stat(path).st_mode)
        # It may have become a FIFO since: O_NONBLOCK does not wait for its writer.
        descriptor = os.open(path, FLAGS)
        with open(descriptor, "rb") as file:
            _check_kind(path, os.fstat(descriptor).st_mode)
            yield file
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such {what}") from None
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # a null character in the name
        if isinstance(error, TTVOSError):
            raise
        raise TTVOSError(f"{path}: cannot be read ({error})") from None


def check_input(path: str | Path, what: str = "file") -> None:
    """Raises the TTVOSError of `open_input`, if there is one: before a library opens the file by its name."""
    with open_input(path, what):
        pass


def read_bytes(path: str | Path, most: int, what: str = "file") -> bytes:
    """The content of a regular file.

    Raises:
        TTVOSError: as `open_input`, or it has more than `most` bytes.
    """
    with open_input(path, what) as file:
        content = file.read(most + 1) or b""
    if len(content) > most:
        raise TTVOSError(f"{path}: is too large: a {what} has at most {most:,} bytes")
    return content


def read_text(path: str | Path, most: int = MOST_TEXT, what: str = "file") -> str:
    """The text of a UTF-8 file.

    Raises:
        TTVOSError: as `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, most, what).decode()
    except UnicodeDecodeError as error:
        raise TTVOSError(f"{path}: is no text in UTF-8 (byte {error.start})") from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        TTVOSError: as `read_text`, or it is not TOML.
    """
    return parse_toml(read_text(path, MOST_TOML), str(path))


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The table that a text in TOML stands for; `where` is what an error calls it.

    Raises:
        TTVOSError: it is not TOML, or too long.
    """
    if len(text) > MOST_TOML:
        raise TTVOSError(f"{where[:80]}: is too long: TOML has at most {MOST_TOML:,} characters here")
    return _parsed(tomllib.loads, text, where, "TOML")


def read_json(path: str | Path) -> Any:
    """What a JSON file holds: of any type, so the caller looks at its shape.

    Raises:
        TTVOSError: as `read_text`, or it is not JSON.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str, where: str) -> Any:
    """What a text in JSON stands for; `where` is what an error calls it.

    Raises:
        TTVOSError: it is not JSON.
    """
    return _parsed(json.loads, text, where, "JSON")


def _parsed(parse: Any, text: str, where: str, language: str) -> Any:
    try:
        return parse(text)
    except RecursionError:
        raise TTVOSError(f"{where}: not valid {language} (nested too deeply)") from None
    except Exception as error:  # ValueError of both parsers; of long numbers too, and what else a damaged text brings
        raise TTVOSError(f"{where}: not valid {language} ({str(error)[:200]})") from None


def _check_kind(path: str | Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise TTVOSError(f"{path}: is a folder, a file is needed")
    if not stat.S_ISREG(mode):
        raise TTVOSError(f"{path}: is not a regular file: FIFOs, devices and sockets are not read")
