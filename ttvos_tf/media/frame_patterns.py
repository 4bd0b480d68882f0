"""Frames named by a pattern: shot/frame_%04d.png with numbers, or shot/*.png with wildcards."""

import glob
import re
from pathlib import Path

from ttvos_tf.errors import TTVOSError

NUMBER = re.compile(r"%(?:0(\d+))?d")


def is_pattern(text: str) -> bool:
    """Whether a text has a number (%d, %04d) or a wildcard (*, ?, [...]) in it."""
    return bool(NUMBER.search(text)) or glob.has_magic(text)


def matching(pattern: str) -> list[Path]:
    """The files of a pattern, in no order.

    Raises:
        TTVOSError: there is none; numbers are missing between others; or there are several numbers in the pattern.
    """
    numbered = NUMBER.search(pattern)
    if not numbered:
        files = [Path(found) for found in glob.glob(pattern, recursive=True) if Path(found).is_file()]
        if not files:
            raise TTVOSError(f"{pattern}: no file is named so")
        return files
    if NUMBER.search(pattern, numbered.end()) or "/" in pattern[numbered.end() :]:
        raise TTVOSError(f"{pattern}: a pattern has one number, in the file's name")
    return _numbered(pattern, numbered)


def _numbered(pattern: str, numbered: re.Match) -> list[Path]:
    folder, before = Path(pattern[: numbered.start()] + "x").parent, pattern[: numbered.start()].rpartition("/")[2]
    digits = rf"(\d{{{int(numbered[1] or 1)},}})"
    name = re.compile(re.escape(before) + digits + re.escape(pattern[numbered.end() :]))
    found = {int(match[1]): path for path in _list(folder) if (match := name.fullmatch(path.name))}
    if not found:
        raise TTVOSError(f"{pattern}: no file is named so")
    for number in range(min(found), max(found)):
        if number not in found:
            missing = pattern[: numbered.start()] + f"{number:0{int(numbered[1] or 1)}d}" + pattern[numbered.end() :]
            raise TTVOSError(f"{missing}: is missing between the other frames: name those there are with a wildcard, *")
    return list(found.values())


def _list(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        raise TTVOSError(f"{folder}: cannot be read ({error.strerror})") from None
