"""The figures that tflite/lost.py makes of what it saw."""

import math

import numpy as np
import pytest

from tests.data.trees import labels_of, painted, write_davis, write_image

SCRIPT = "tflite/lost.py"


def test_shares_are_of_what_they_say(script):
    def seen(told, j, after_cut=False, times=1):
        return [script.Seen(told, j, after_cut)] * times

    found = script.summary(
        seen(True, 0.0, times=3)  # told, and lost
        + seen(False, 0.05)  # lost, and not told
        + seen(True, 0.3, times=2)  # told, and half there
        + seen(True, 0.5)  # told, and tracked
        + seen(False, 0.9, times=7)
        + seen(True, 0.0, after_cut=True, times=3)
        + seen(False, 0.0, after_cut=True, times=2)
    )
    shares = {"precision": 0.5, "recall": 0.75, "half": 0.333, "false alarm": 0.125, "cut": 0.6}
    assert found == {"frames": 14, "lost frames": 4} | shares
    assert math.isnan(script.summary(seen(False, 0.9))["recall"])


class Sees:
    """Labels what is red, and says so; once nothing is, the object is lost."""

    def start(self, frame, mask):
        self.labels = mask

    def step(self, frame):
        self.labels = (frame[..., 0] > 150).astype(np.uint8)
        return self.labels

    @property
    def scores(self):
        class Score:
            lost = not self.labels.any()

        return {1: Score}


def test_an_object_that_leaves_and_a_cut(script, tmp_path):
    there, gone = labels_of((20, 20, 40, 40)), labels_of()
    write_davis(tmp_path, {"a": [there] * 4 + [gone] * 2, "b": [there] * 3}, split="all")
    for path in (tmp_path / "JPEGImages/480p/b").iterdir():
        path.unlink()
    for index in range(3):
        write_image(tmp_path / f"JPEGImages/480p/b/{index:05d}.jpg", painted(gone))
    videos = script.sequences(tmp_path, "all", "2016")
    found = list(script.track(Sees(), *videos, cut=2))
    assert [frame.told for frame in found] == [False] * 3 + [True] * 2 + [True] * 2
    assert [frame.j > 0.9 for frame in found] == [True] * 3 + [False] * 4
    assert [frame.after_cut for frame in found] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(
    ("options", "message"), [(["--cut", "0"], "--cut 0: must be 1 or more"), ([], "none: no ImageSets/2016/all.txt")]
)
def test_bad_input_is_one_line(script, capsys, options, message):
    assert script.main(["hrnet_240x432_int8", "--davis", "none", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
