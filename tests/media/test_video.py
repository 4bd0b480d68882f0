import os
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import SIZE, clip, write_frames, write_video
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import video
from ttvos_tf.media.images import read_image
from ttvos_tf.media.video import open_source
from ttvos_tf.media.video_writer import VideoWriter

LENGTH = 24
# What OpenCV's wheels can write; mp4v is MPEG-4, for which frames have types and references as in H.264.
FORMATS = {"a.avi": "MJPG", "a.mp4": "mp4v", "a.mkv": "mp4v", "vp9.mp4": "vp09", "a.webm": "VP80"}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    frames, _ = clip(LENGTH)
    return {name: write_video(folder / name, frames, fourcc) for name, fourcc in FORMATS.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_of_a_video_in_order(videos, name):
    source = open_source(videos[name])
    assert (source.count, source.fps, source.live) == (LENGTH, 20, False)
    found = list(source)
    assert [name for name, _ in found] == [f"{index:05d}" for index in range(LENGTH)]
    for (_, frame), expected in zip(found, clip(LENGTH)[0], strict=True):
        assert frame.shape == expected.shape and frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - expected).mean() < 12  # RGB, not BGR: the square is red
    assert len(list(source)) == LENGTH, "a source can be read again"


@pytest.mark.parametrize("name", FORMATS)
def test_a_video_that_is_cut_is_an_error(videos, name, tmp_path):
    content = videos[name].read_bytes()
    for share in (0.0, 0.02, 0.3, 0.6, 0.9):
        path = tmp_path / name
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(TTVOSError, match=name):
            list(open_source(path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_corrupt_frame_in_the_middle_is_an_error(videos, name, tmp_path):
    """Whole frames in the middle are zeros, and what the container says about them too: none may just be left out."""
    content = bytearray(videos[name].read_bytes())
    start, end = int(0.42 * len(content)), int(0.54 * len(content))
    content[start:end] = bytes(end - start)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TTVOSError, match=rf"{name}: (frame \d+ (cannot be decoded|is damaged)|cut short or)"):
        list(open_source(tmp_path / name))


def test_a_single_lost_frame_is_an_error(videos, tmp_path):
    content = bytearray(videos["a.avi"].read_bytes())
    chunk = content.index(b"00dc", len(content) // 2)
    content[chunk : chunk + 400] = bytes(400)  # its header too
    (tmp_path / "a.avi").write_bytes(content)
    with pytest.raises(
        TTVOSError, match=r"a.avi: (frame \d+ (cannot be|is damaged)|cut short or damaged: 23 of its 24)"
    ):
        list(open_source(tmp_path / "a.avi"))


def test_a_folder_is_sorted_as_people_count(tmp_path):
    frames, _ = clip(4)
    for name, frame in zip(["10.png", "2.png", "1.png", "frame.png"], frames, strict=True):
        cv2.imwrite(str(tmp_path / name), frame[..., ::-1])
    (tmp_path / ".hidden").write_text("x")
    source = open_source(tmp_path)
    assert source.count == 4
    found = dict(source)
    assert list(found) == ["frame", "1", "2", "10"]
    assert np.array_equal(found["2"], frames[1])


def test_folders_that_are_refused(tmp_path):
    frames, _ = clip(3)

    def folder(name):
        return write_frames(tmp_path / name, frames)

    (tmp_path / "empty").mkdir()
    (folder("text") / "notes.txt").write_text("x")
    cv2.imwrite(str(folder("twice") / "00001.jpg"), frames[0])
    cv2.imwrite(str(folder("mixed") / "00002.png"), frames[2][:-8])
    (folder("fake") / "00001.png").write_text("no image")
    (folder("nowhere") / "00001.png").unlink()
    (tmp_path / "nowhere/00001.png").symlink_to("gone.png")
    (folder("fifo") / "00001.png").unlink()
    os.mkfifo(tmp_path / "fifo/00001.png")
    cut = folder("cut") / "00001.png"
    cut.write_bytes(cut.read_bytes()[:-200])
    for name, message in {
        "empty": "empty: no frames in this folder",
        "text": r"notes.txt: not an image: a folder of frames must hold nothing else",
        "twice": r"00001.png: another frame is named 00001 too",
        "mixed": r"00002.png: is 96x56, but the first frame is 96x64",
        "fake": r"00001.png: cannot be read as an image",
        "cut": r"00001.png: cannot be read as an image: damaged, or cut short",
        "nowhere": r"00001.png: no such image",
        "fifo": r"00001.png: is not a regular file",
    }.items():
        with pytest.raises(TTVOSError, match=message):
            list(open_source(tmp_path / name))


def test_images_that_are_cut_short(tmp_path):
    """OpenCV fills what is missing with grey; a mask on grey would be worth nothing."""
    frame = clip(1)[0][0]
    for name in ("a.jpg", "a.png"):
        path = tmp_path / name
        cv2.imwrite(str(path), frame)
        assert read_image(path).shape == frame.shape
        content = path.read_bytes()
        for length in (0, 10, len(content) // 2, len(content) - 20):
            path.write_bytes(content[:length])
            with pytest.raises(TTVOSError, match=f"{name}: cannot be read as an image"):
                read_image(path)


def test_sources_that_are_none(tmp_path):
    (tmp_path / "a.mp4").write_bytes(bytes(3000))
    (tmp_path / "text.mp4").write_text("not a video " * 100)
    cv2.imwrite(str(tmp_path / "one.png"), clip(1)[0][0])
    for source, message in {
        tmp_path / "none.mp4": "none.mp4: no such video file or folder",
        tmp_path / "a.mp4": "a.mp4: cannot be read as a video",
        tmp_path / "text.mp4": "text.mp4: cannot be read as a video",
        tmp_path / "one.png": "one.png: is one image",
        "97": "camera 97: cannot be opened",
    }.items():
        with pytest.raises(TTVOSError, match=message):
            open_source(source)


class FakeCamera:
    """Stands for cv2.VideoCapture(0): three frames, then it is unplugged."""

    left = 3
    released = 0

    def __init__(self, index):
        assert index == 0

    def isOpened(self):  # noqa: N802
        return True

    def get(self, what):
        return 0.0

    def read(self):
        self.left -= 1
        return self.left >= 0, np.full((*SIZE, 3), (255, 0, 0), np.uint8)

    def release(self):
        FakeCamera.released += 1


def test_a_camera(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where no file is named 0
    monkeypatch.setattr(cv2, "VideoCapture", FakeCamera)
    source = open_source("0")
    assert (source.live, source.count, source.fps) == (True, None, video.DEFAULT_FPS)
    found = list(source)
    assert [name for name, _ in found] == ["00000", "00001", "00002"]
    assert tuple(found[0][1][0, 0]) == (0, 0, 255), "blue, now RGB"
    assert FakeCamera.released == 1


def concatenated(path, sizes):
    """MJPEG without a container, whose frames have these sizes, (height, width)."""
    frames = [cv2.resize(frame, size[::-1]) for frame, size in zip(clip(len(sizes))[0], sizes, strict=True)]
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames))
    return path


def test_a_stream_without_times_is_read_whole(tmp_path):
    path = concatenated(tmp_path / "a.mjpeg", [SIZE] * 5)
    assert open_source(path).count == 5 and len(list(open_source(path))) == 5


@pytest.mark.parametrize("other", [(48, 64), (128, 192), (64, 98)])
def test_a_stream_whose_frames_change_size_is_an_error(tmp_path, other):
    path = concatenated(tmp_path / "a.mjpeg", [SIZE] * 5 + [other])
    with pytest.raises(TTVOSError, match=rf"frame 5 is {other[1]}x{other[0]}, but the first one is 96x64: cut"):
        open_source(path)


@pytest.mark.parametrize("name", ["vp9.mp4", "a.webm", "a.avi"])
@pytest.mark.parametrize("size", [(64, 96), (50, 70), (480, 854)])
def test_packets_tell_the_size_of_their_frames(tmp_path, name, size):
    frames = np.stack([cv2.resize(frame, size[::-1]) for frame in clip(3)[0]])
    found = [packet.size for packet in video.read_packets(write_video(tmp_path / name, frames, FORMATS[name]))]
    assert found[0] == size and set(found) <= {size, None}


@pytest.mark.parametrize(("name", "least"), [("a.avi", 4), ("a.mp4", 9), ("a.mkv", 9)])
def test_damage_that_the_decoder_tells_of_is_an_error_with_its_frame(videos, name, least, tmp_path, capfd):
    """Most changed bytes are noticed (fewer in MJPEG), none before the damage; FFmpeg's lines are kept off stderr."""
    content, whole, noticed = videos[name].read_bytes(), [frame for _, frame in open_source(videos[name])], 0
    for seed in range(12):
        rng, damaged = np.random.default_rng(seed), bytearray(content)
        start = rng.integers(len(content) // 4, 3 * len(content) // 4)
        for position in range(start, start + 200, 10):
            damaged[position] ^= 0x5A
        (tmp_path / name).write_bytes(damaged)
        read = []
        try:
            read.extend(frame for _, frame in open_source(tmp_path / name))
        except TTVOSError as error:
            noticed += 1
            assert "\n" not in str(error)
            told = re.search(r"frame (\d+) (is damaged|cannot be decoded)", str(error))
            if told:
                same = [np.array_equal(a, b) for a, b in zip(read, whole, strict=False)]
                assert int(told[1]) >= (same.index(False) if False in same else 0)
    assert noticed >= least and capfd.readouterr().err == ""


def test_names_that_libraries_do_not_take(videos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = b"v\xe9.avi", b"\xff\xfe", b"12:30:05.avi", b"%05d.avi", b"concat:a|b.avi", b"-i.avi", "ß.avi".encode()
    for name in odd:
        path = os.fsdecode(name)
        shutil.copy(videos["a.avi"], path)
        assert len(list(open_source(path))) == LENGTH


@pytest.mark.parametrize("name", [b"v\xe9", b"12:30", "ß".encode()])
@pytest.mark.parametrize("suffix", [".webm", ".mp4"])
def test_overlays_may_have_such_names_too(tmp_path, monkeypatch, name, suffix):
    monkeypatch.chdir(tmp_path)
    os.mkdir(name)
    path = Path(os.fsdecode(name)) / (os.fsdecode(name) + suffix)
    with VideoWriter(path, 10, SIZE) as writer:
        for frame in clip(3)[0]:
            writer.write(frame)
    assert len(list(open_source(path))) == 3


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "p.avi")
    (tmp_path / "loop.avi").symlink_to("loop.avi")
    for source, message in {
        tmp_path / "p.avi": "p.avi: is not a regular file",
        "/dev/zero": "/dev/zero: is not a regular file",
        tmp_path / "loop.avi": "loop.avi: no such video file",
        "9" * 5000: "camera 999999999: cannot be opened",
        "99999999999999999999": "camera 999999999: cannot be opened",
        5: "source: give a path",
        None: "source: give a path",
        b"x": "source: give a path",
    }.items():
        with pytest.raises(TTVOSError, match=message):
            open_source(source)
