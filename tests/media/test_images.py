"""Images from anybody: what a decoder makes up, raises or warns of is the file's error."""

import io
import os
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clips import SIZE, clip
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask, source_of, write_mask


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *chunks, pixels=None):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes((width + 1) * height) if pixels is None else pixels)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(**options):
    written = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 40, (*SIZE, 3), np.uint8)
    Image.fromarray(cv2.add(clip(1)[0][0], noise)).save(written, "JPEG", quality=95, **options)
    return written.getvalue()


BOMB = zlib.compress(bytes(70 << 20))
REFUSED = {
    "text": png(96, 64, chunk(b"zTXt", b"k\0\0" + BOMB)),
    "international text": png(96, 64, chunk(b"iTXt", b"k\0\1\0\0\0" + BOMB)),
    "wide": png(12000, 12000, pixels=b""),
    "huge": png(60000, 60000, pixels=b""),
    "just too large": png(8193, 8192, pixels=b""),
    "no pixels": png(0, 64),
    "cut": png(96, 64)[:-20],
    "half": png(96, 64, pixels=zlib.compress(bytes(97 * 30))),
    "no compressed pixels": png(96, 64, pixels=bytes(97 * 30)),
    "empty": b"",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 96 64\n%%EndComments\nshowpage\n",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("any_image", [False, True])
def test_masks_that_pillow_raises_or_warns_of(tmp_path, name, any_image):
    path = tmp_path / "a.png"
    path.write_bytes(REFUSED[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TTVOSError, match=r"a\.png: (cannot be read as an image|is too large)"):
            read_mask(path, any_image=any_image)
    assert source_of(path) is None


@pytest.mark.parametrize(
    "name",
    ["wide", "huge", "just too large", "no pixels", "cut", "half", "no compressed pixels", "empty", "postscript"],
)
def test_frames_that_opencv_raises_at_or_makes_up(tmp_path, name):
    (tmp_path / "a.png").write_bytes(REFUSED[name])
    with pytest.raises(TTVOSError, match=r"a\.png: (cannot be read as an image|is too large)"):
        read_image(tmp_path / "a.png")


def test_jpegs_with_changed_bytes_are_refused_or_tell_nothing(tmp_path, capfd):
    """Where libjpeg notices, so do we: its line is in the error, and nowhere else."""
    content, noticed = jpeg(), 0
    whole = read_whole(tmp_path, content)
    scan = content.rindex(b"\xff\xda") + 14
    for seed in range(60):
        rng, damaged = np.random.default_rng(seed), bytearray(content)
        for position in rng.integers(scan, len(content) - 2, 12):
            damaged[position] ^= 0x5A
        try:
            assert read_whole(tmp_path, damaged).shape == whole.shape
        except TTVOSError as error:
            noticed += 1
            assert "a.jpg: cannot be read as an image: damaged" in str(error) and "\n" not in str(error)
    assert noticed > 50 and capfd.readouterr().err == ""


def read_whole(folder, content):
    (folder / "a.jpg").write_bytes(content)
    return read_image(folder / "a.jpg")


def test_damage_in_a_black_and_white_jpeg_of_a_mask(tmp_path):
    mask = np.zeros((256, 256), np.uint8)
    mask[64:128, 64:128] = 255
    for options in ({}, {"progressive": True}):
        Image.fromarray(mask).save(tmp_path / "a.jpg", quality=100, **options)
        assert np.array_equal(read_mask(tmp_path / "a.jpg"), mask)
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[-40:-20] = bytes(20)
    (tmp_path / "a.jpg").write_bytes(content)
    for any_image in (False, True):
        with pytest.raises(TTVOSError, match=r"a\.jpg: cannot be read as an image: damaged"):
            read_mask(tmp_path / "a.jpg", any_image=any_image)


BEHIND = {
    "a video with such bytes": b"\0\0\0\x18ftypmp42" + b"\xff\xda\xff\xc0" * 9,
    "zeros": bytes(5000),
    "another image": b"\xff\xd8\xff\xda",
}


@pytest.mark.parametrize("name", BEHIND)
def test_whole_images_may_have_something_behind_them(tmp_path, name):
    for content in (jpeg(), jpeg(progressive=True), jpeg(restart_marker_blocks=2), png(96, 64)):
        (tmp_path / "a").write_bytes(content + BEHIND[name])
        assert read_image(tmp_path / "a").shape == (*SIZE, 3)
        (tmp_path / "a").write_bytes(content[:-9] + BEHIND[name])
        with pytest.raises(TTVOSError, match="a: cannot be read as an image"):
            read_image(tmp_path / "a")


def test_padding_of_a_camera_is_no_damage(tmp_path, capfd):
    content = jpeg()
    assert np.array_equal(read_whole(tmp_path, content[:-2] + b"\0\0" + content[-2:]), read_whole(tmp_path, content))
    with pytest.raises(TTVOSError, match=r"\d extraneous bytes before marker 0xd9"):
        read_whole(tmp_path, content[:-2] + bytes(9) + content[-2:])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_what_is_no_file(tmp_path, read):
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    odd = {"fifo.png": "not a regular file", "loop.png": "Too many levels", "/dev/zero": "not a regular file"}
    for name, message in odd.items():
        with pytest.raises(TTVOSError, match=message):
            read(tmp_path / name)


def test_what_was_written_is_read(tmp_path):
    labels = clip(1)[1][0]
    write_mask(tmp_path / "a.png", labels, "walk")
    assert np.array_equal(read_mask(tmp_path / "a.png", SIZE), labels) and source_of(tmp_path / "a.png") == "walk"
