import shutil

import cv2
import numpy as np
import pytest

from tests.clips import clip
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import video_writer
from ttvos_tf.media.images import davis_palette
from ttvos_tf.media.overlay import OPACITY, draw_overlay
from ttvos_tf.media.video import open_source
from ttvos_tf.media.video_writer import VideoWriter, check_suffix


def test_objects_are_tinted_and_outlined_and_nothing_else_changes():
    frames, labels = clip(1, ids=(1, 2))
    frame, labels = frames[0], labels[0]
    given = frame.copy()
    drawn = draw_overlay(frame, labels)
    assert np.array_equal(frame, given) and drawn.dtype == np.uint8
    assert np.array_equal(drawn[labels == 0], frame[labels == 0])
    palette = davis_palette()
    assert np.all(drawn[6, 8:30] == palette[1]), "the outline is the object's own colour"
    mixed = (1 - OPACITY) * frame[15, 20] + OPACITY * palette[1]
    assert np.allclose(drawn[15, 20], mixed, atol=1)


def test_neighbours_are_told_apart():
    labels = np.repeat(np.uint8([[1, 2]]), 8, axis=1).repeat(8, axis=0)
    drawn = draw_overlay(np.zeros((8, 16, 3), np.uint8), labels)
    assert np.all(drawn[4, 7] == davis_palette()[1]) and np.all(drawn[4, 8] == davis_palette()[2])


@pytest.fixture(params=["with ffmpeg", "without ffmpeg"])
def ffmpeg(request, monkeypatch):
    """Whether H.264 can be had from the program ffmpeg; without it MP4 is VP9."""
    video_writer._ffmpeg_encodes_h264.cache_clear()
    if request.param == "without ffmpeg":
        monkeypatch.setattr(shutil, "which", lambda name: None)
    yield request.param == "with ffmpeg" and shutil.which("ffmpeg") is not None
    video_writer._ffmpeg_encodes_h264.cache_clear()


@pytest.mark.parametrize("size", [(64, 96), (63, 95)], ids=str)
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".MP4"])
def test_written_and_read_back(tmp_path, ffmpeg, suffix, size):
    frames, _ = clip(7)
    frames = frames[:, : size[0], : size[1]]
    path = tmp_path / f"a{suffix}"
    writer = VideoWriter(path, 12.5, size)
    for frame in frames:
        writer.write(frame)
    writer.close()
    # A browser plays these three and nothing else that OpenCV can write.
    assert writer.codec == "vp8" if suffix == ".webm" else writer.codec == "h264" or not ffmpeg
    assert writer.codec in ("h264", "vp9", "vp8")
    capture = cv2.VideoCapture(str(path))
    tag = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    assert tag in {"h264": ("h264", "avc1"), "vp9": ("vp09", "VP90"), "vp8": ("VP80",)}[writer.codec]
    source = open_source(path)
    assert source.fps == pytest.approx(12.5) and source.count == 7
    for (_, found), frame in zip(source, frames, strict=True):
        assert found.shape == (64, 96, 3), "odd sizes get one row and column more"
        assert np.abs(found[: size[0], : size[1]].astype(int) - frame).mean() < 12


def test_only_names_that_a_browser_knows(tmp_path):
    for name in ("a.avi", "a", "a.mp4.txt"):
        with pytest.raises(TTVOSError, match=rf"{name}: an overlay is a file named \*\.mp4 or \*\.webm"):
            check_suffix(tmp_path / name)


def test_a_video_that_could_not_be_written_is_an_error(tmp_path, ffmpeg):
    writer = VideoWriter(tmp_path / "a.mp4", 20, (64, 96))
    with pytest.raises(TTVOSError, match=r"a\.mp4: the video could not be written"):
        writer.close()  # without a frame
