"""Whether a video file is shorter than it says, told from the sizes in its container."""

import struct
from pathlib import Path
from typing import BinaryIO

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def is_avi(path: Path) -> bool:
    """Whether a file is an AVI, whose header counts its frames."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"AVI "


def is_truncated(path: Path) -> bool:
    """Whether an MP4, MOV, AVI, MKV or WebM file ends before its parts do; False for containers that do not tell."""
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        try:
            if head[4:8] == b"ftyp":
                end = _end_of_boxes(file)
            elif head[:4] == b"RIFF":
                end = 8 + struct.unpack_from("<I", head, 4)[0]
            elif head[:4] == EBML:
                end = _end_of_segment(file)
            else:
                return False
        except (struct.error, IndexError):  # it ends within a header
            return True
    return end > path.stat().st_size


def _end_of_boxes(file: BinaryIO) -> int:
    """Where the last box of an MP4 or MOV file ends: each begins with its size (1: 64 bits follow; 0: to the end)."""
    position = 0
    while header := file.read(8):
        (size,) = struct.unpack_from(">I", header)
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8:
            break
        position += size
        file.seek(position)
    return position


def _end_of_segment(file: BinaryIO) -> int:
    """Where the segment of a Matroska file ends, 0 if it was written without knowing its size."""
    end = 0
    for wanted in (EBML, SEGMENT):
        if file.read(4) != wanted:
            return 0
        # A size is a big-endian number whose leading zero bits say how many bytes follow the first; all ones: unknown.
        first = file.read(1)[0]
        more = 8 - first.bit_length()
        size = int.from_bytes(bytes([first & (0x7F >> more)]) + file.read(more), "big")
        if size == (1 << (7 * (more + 1))) - 1:
            return 0
        end = file.tell() + size
        file.seek(end)
    return end
