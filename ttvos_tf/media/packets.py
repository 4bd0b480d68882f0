"""The size of a video's frames as its packets tell it, for codecs whose frames may change theirs within a stream.

OpenCV decodes every frame into the size of the first: a smaller one covers a part of the frame before it.
"""

from ttvos_tf.media.jpeg import is_jpeg, jpeg_size
from ttvos_tf.media.sizes import Size


def frame_size(codec: str, packet: bytes) -> Size | None:
    """(height, width) that a packet begins with; None if it does not say, or of another codec.

    Args:
        codec: FFmpeg's four letters, "MJPG" for instance.
        packet: as the container holds it.
    """
    if codec.upper() in ("MJPG", "JPEG") or is_jpeg(packet):
        return jpeg_size(packet)
    if codec.upper() == "VP80":
        return _vp8_size(packet)
    if codec.upper() == "VP90":
        return _vp9_size(packet)
    return None


def _vp8_size(packet: bytes) -> Size | None:
    """RFC 6386, 9.1: of a key frame, after three bytes and a start code; the two upper bits are a scale."""
    if len(packet) < 10 or packet[0] & 1 or packet[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = (int.from_bytes(packet[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return height, width


def _vp9_size(packet: bytes) -> Size | None:
    """VP9 bitstream specification, 6.2: of a key frame, after its colours."""
    bits = "".join(f"{byte:08b}" for byte in packet[:20]).ljust(160, "0")
    position = 0

    def take(count: int) -> int:
        nonlocal position
        position += count
        return int(bits[position - count : position], 2)

    if take(2) != 2:  # frame marker
        return None
    profile = take(1) + 2 * take(1)
    if profile == 3:
        take(1)
    if take(1) or take(1):  # an old frame is shown, or this is no key frame
        return None
    take(2)
    if take(24) != 0x498342:
        return None
    if profile >= 2:
        take(1)  # bit depth
    if take(3) != 7:  # colour space, not RGB
        take(1 if profile in (0, 2) else 4)
    elif profile in (1, 3):
        take(1)
    width = take(16) + 1
    return take(16) + 1, width
