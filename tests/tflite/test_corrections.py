"""What tflite/corrections.py compares."""

import numpy as np
import pytest

from tests.data.trees import labels_of, write_davis
from ttvos_tf.data.davis import sequences
from ttvos_tf.runtime.propagate import Tracked

SCRIPT = "tflite/corrections.py"
THERE, AWAY = labels_of((20, 20, 40, 40)), labels_of((90, 20, 40, 40))


def test_each_figure_is_of_its_frames_and_its_way(script, tmp_path, monkeypatch):
    """A tracker that loses the object at once, and has it again from a second mask on, or shortly before it."""
    write_davis(tmp_path, {"a": [THERE] * 9}, split="val")

    def propagate(tracker, frames, prompts, back=None):
        given = prompts.frames[1]
        for index, name, frame in frames:
            again = len(given) > 1 and (index > given[1] or (back is not None and index >= given[1] - 1))
            labels = THERE if index in given or again else AWAY
            yield Tracked(index, name, frame, labels, {}, {}, 0.0)

    monkeypatch.setattr(script, "propagate", propagate)
    worth = script.compare(None, *sequences(tmp_path, "val", "2016"))
    assert (worth.uncorrected, worth.corrected, worth.forwards) == (0, 100, 0)
    assert worth.joined == pytest.approx(100 / 3)  # one frame of three
    other = script.Worth("b", 10, 20, 30, 40)
    assert script.table([worth, other])[-1] == "| mean | 5.0 | 60.0 | 15.0 | 36.7 |"


def test_bad_input_is_one_line(script, capsys, tmp_path):
    write_davis(tmp_path, {"short": [THERE] * 4}, split="val")
    assert script.main(["hrnet_240x432_int8", "--davis", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "short: needs 5 frames or more" in error and error.count("\n") == 1
    write_davis(tmp_path, {"gone": [THERE] * 3 + [np.zeros_like(THERE)] * 3}, split="val")
    assert script.main(["hrnet_240x432_int8", "--davis", str(tmp_path)]) == 2
    assert "an object in the middle one" in capsys.readouterr().err
