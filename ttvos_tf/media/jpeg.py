"""The markers of a JPEG: whether it has its end, and its size."""

import re
from collections.abc import Iterator

# Within the compressed pixels, 0xff is followed by 0 (a pixel's byte), by a restart (D0 to D7), or by the next marker.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_END = 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, of whatever kind


def is_jpeg(content: bytes) -> bool:
    """Whether a file's content is a JPEG, whole or not."""
    return content.startswith(b"\xff\xd8")


def is_whole_jpeg(content: bytes) -> bool:
    """Whether a JPEG has its end; other data may follow it."""
    return any(marker == _END for marker, _ in _markers(content))


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """(height, width) that a JPEG says it has; None if it does not get so far."""
    for marker, position in _markers(content):
        if marker in _FRAMES:
            sides = content[position + 3 : position + 7]  # length, bits, height, width
            return int.from_bytes(sides[:2], "big"), int.from_bytes(sides[2:], "big")
    return None


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields (marker, where its length stands), up to the end of the image."""
    position = 2
    while found := _MARKER.search(content, position):
        marker, position = found[1][0], found.end()
        yield marker, position
        if marker == _END:
            return
        if marker != 0x01:  # the only other one without a length
            position += int.from_bytes(content[position : position + 2], "big")
