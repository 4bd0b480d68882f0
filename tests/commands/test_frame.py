import os

import cv2
import numpy as np
import pytest

from tests.clips import clip, write_frames, write_video
from ttvos_tf import cli
from ttvos_tf.media.grid import draw_grid
from ttvos_tf.media.images import read_image
from ttvos_tf.media.video import open_source

LENGTH = 10
FRAMES, _ = clip(LENGTH)


@pytest.fixture
def place(tmp_path, monkeypatch):
    write_video(tmp_path / "walk.avi", FRAMES)
    write_frames(tmp_path / "frames", FRAMES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_frame_is_written_as_it_is(place, capsys):
    assert cli.main(["frame", "walk.avi", "--at", "7"]) == 0
    expected = [frame for _, frame in open_source("walk.avi")][7]
    assert np.array_equal(read_image(place / "walk_00007.png"), expected)
    assert capsys.readouterr().out == "walk_00007.png: frame 7 of walk.avi, 96x64\n"
    assert cli.main(["frame", "frames", "--out", "new/first.png"]) == 0
    assert np.array_equal(read_image(place / "new/first.png"), FRAMES[0])


def test_with_a_grid(place, capsys):
    assert cli.main(["frame", "frames", "--at", "3", "--grid"]) == 0
    assert np.array_equal(read_image(place / "frames_00003.png"), draw_grid(FRAMES[3]))
    assert "--box X,Y,W,H" in capsys.readouterr().out


@pytest.mark.parametrize(("size", "step"), [((64, 96), 10), ((480, 854), 50), ((1080, 1920), 200)])
@pytest.mark.parametrize("ground", [0, 128, 255])
def test_lines_lie_on_the_pixels_that_they_name(size, step, ground):
    """Far from the numbers, which stand at the upper and left edge."""
    frame = np.full((*size, 3), ground, np.uint8)
    changed = (draw_grid(frame) != frame).any(-1)
    for edge in (changed[-1], changed[:, -1]):
        assert np.array_equal(np.flatnonzero(edge[2 * step :]), np.arange(0, len(edge) - 2 * step, step))
    assert (frame == ground).all(), "the caller keeps its frame"
    assert np.abs(draw_grid(frame)[:, -1].astype(int) - ground).max() >= 60, "a line is seen on any ground"


BAD = {
    "no such video": (("none.mp4",), "none.mp4: no such video file"),
    "beyond the end": (("walk.avi", "--at", "10"), "--at 10: the frames of walk.avi are 0 to 9"),
    "before the beginning": (("walk.avi", "--at", "-1"), "argument --at: expected the number of a frame"),
    "a word": (("walk.avi", "--at", "last"), "argument --at: expected the number of a frame"),
    "another kind of picture": (("walk.avi", "--out", "a.jpg"), "--out a.jpg: the picture is a file named *.png"),
    "on the source": (("frames", "--out", "frames/00000.png"), "--out frames/00000.png: lies in frames, which is read"),
    "no source": ((), "the following arguments are required: SOURCE"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(place, capsys, case):
    arguments, message = BAD[case]
    before = sorted(place.rglob("*"))
    assert cli.main(["frame", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ttvos: error: ") and error.count("\n") == 1 and message in error
    assert sorted(place.rglob("*")) == before


def test_a_camera(place, monkeypatch):
    class Camera:
        fps, count, live, times, sound = 20.0, None, True, None, None

        def __iter__(self):
            yield from ((f"{index:05d}", frame) for index, frame in enumerate(FRAMES))

    monkeypatch.setattr("ttvos_tf.commands.frame.open_source", lambda source: Camera())
    assert cli.main(["frame", "0", "--at", "4"]) == 0
    assert np.array_equal(cv2.imread("0_00004.png")[..., ::-1], FRAMES[4])
    assert "0_00004.png" in os.listdir()
