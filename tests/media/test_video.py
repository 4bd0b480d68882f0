import cv2
import numpy as np
import pytest

from tests.clips import SIZE, clip, write_frames, write_video
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import video
from ttvos_tf.media.images import read_image
from ttvos_tf.media.video import open_source

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
    with pytest.raises(TTVOSError, match=rf"{name}: (frame \d+ cannot be decoded|cut short or damaged: \d+ of its 24)"):
        list(open_source(tmp_path / name))


def test_a_single_lost_frame_is_an_error(videos, tmp_path):
    content = bytearray(videos["a.avi"].read_bytes())
    chunk = content.index(b"00dc", len(content) // 2)
    content[chunk : chunk + 400] = bytes(400)  # its header too
    (tmp_path / "a.avi").write_bytes(content)
    with pytest.raises(TTVOSError, match=r"a.avi: (frame \d+ cannot be|cut short or damaged: 23 of its 24)"):
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
    cut = folder("cut") / "00001.png"
    cut.write_bytes(cut.read_bytes()[:-200])
    for name, message in {
        "empty": "empty: no frames in this folder",
        "text": r"notes.txt: not an image: a folder of frames must hold nothing else",
        "twice": r"00001.png: another frame is named 00001 too",
        "mixed": r"00002.png: is 96x56, but the first frame is 96x64",
        "fake": r"00001.png: cannot be read as an image",
        "cut": r"00001.png: cannot be read as an image: damaged, or cut short",
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
