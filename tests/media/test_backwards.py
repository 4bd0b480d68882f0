import cv2
import numpy as np
import pytest

from tests.clips import clip, write_frames, write_video
from tests.media.test_video import FORMATS
from ttvos_tf.media import backwards as module
from ttvos_tf.media.backwards import backwards
from ttvos_tf.media.video import open_source

LENGTH = 40
FRAMES, _ = clip(LENGTH, ids=(1, 2))


@pytest.fixture(scope="module", params=[*FORMATS, "folder"])
def source(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    if request.param == "folder":
        return open_source(write_frames(folder / "frames", FRAMES))
    return open_source(write_video(folder / request.param, FRAMES, FORMATS[request.param]))


def check(source, last):
    expected = [(index, *each) for index, each in enumerate(source)][: last + 1]
    found = list(backwards(source, last))
    for (index, name, frame), wanted in zip(found, reversed(expected), strict=True):
        assert (index, name) == wanted[:2] and np.array_equal(frame, wanted[2]), index


@pytest.mark.parametrize("held", [1, 7, 1000])
def test_the_same_frames_as_forwards(source, monkeypatch, held):
    monkeypatch.setattr(module, "HELD_BYTES", held * FRAMES[0].nbytes)
    for last in (0, 1, LENGTH // 2, LENGTH - 1):
        check(source, last)


def test_no_more_frames_are_held_than_there_is_room_for(source, monkeypatch):
    monkeypatch.setattr(module, "HELD_BYTES", 5 * FRAMES[0].nbytes)
    begun = []
    since = type(source).since
    monkeypatch.setattr(type(source), "since", lambda self, first: begun.append(first) or since(self, first))
    list(backwards(source, 21))
    assert begun == [21, 16, 11, 6, 1, 0]


@pytest.mark.parametrize("wrong", [-3, 3, 30])
def test_seeking_that_is_not_exact(tmp_path, monkeypatch, wrong):
    """Decoders go a few frames too far, or not far enough, where the rate varies."""

    class Inexact:
        def __init__(self, *arguments):
            self.inner = original(*arguments)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def set(self, what, value):
            return self.inner.set(what, value + 50 * wrong * (what == cv2.CAP_PROP_POS_MSEC))

    source = open_source(write_video(tmp_path / "a.mp4", FRAMES, "mp4v"))
    original = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Inexact)
    monkeypatch.setattr(module, "HELD_BYTES", 6 * FRAMES[0].nbytes)
    check(source, LENGTH - 1)
