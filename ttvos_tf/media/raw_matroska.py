"""Uncompressed frames as a Matroska stream: how a program is handed frames with their times through a pipe.

A file of bare pixels has one rate for all frames, and phones' videos have none. Here every frame says when it is shown.
https://www.rfc-editor.org/rfc/rfc9559 names the elements.
"""

import struct

from ttvos_tf.media.sizes import Size

I420, RGBA = b"I420", b"RGBA"  # layouts of pixels
UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"


def header(size: Size, layout: bytes, fps: float) -> bytes:
    """What comes before the first frame.

    Args:
        size: (height, width) in pixels.
        layout: of the frames' bytes: I420 or RGBA.
        fps: frames per second, on average.
    """
    height, width = size
    kind = _element(0x1A45DFA3, _element(0x4282, b"matroska"))  # EBML, DocType
    scale = _element(0x1549A966, _number(0x2AD7B1, 1000))  # Info, TimestampScale: microseconds
    picture = _number(0xB0, width) + _number(0xBA, height) + _element(0x2EB524, layout)
    track = (
        _number(0xD7, 1)  # TrackNumber
        + _number(0x73C5, 1)  # TrackUID
        + _number(0x83, 1)  # TrackType: video
        + _element(0x86, b"V_UNCOMPRESSED")  # CodecID
        + _number(0x23E383, round(1e9 / fps))  # DefaultDuration: nanoseconds
        + _element(0xE0, picture)
    )
    return kind + _identifier(0x18538067) + UNKNOWN_SIZE + scale + _element(0x1654AE6B, _element(0xAE, track))


def frame_header(seconds: float, length: int) -> bytes:
    """What comes before the `length` bytes of a frame that is shown after so many seconds: a cluster of its own."""
    block = b"\x81\x00\x00\x80"  # of track 1, at the cluster's time, a key frame
    time = _number(0xE7, round(1e6 * seconds))
    inner = time + _identifier(0xA3) + _size(len(block) + length) + block
    return _identifier(0x1F43B675) + _size(len(inner) + length) + inner


def _element(identifier: int, content: bytes) -> bytes:
    return _identifier(identifier) + _size(len(content)) + content


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(8, "big"))


def _identifier(identifier: int) -> bytes:
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")


def _size(length: int) -> bytes:
    return struct.pack(">Q", length | 1 << 56)
