import json

import numpy as np
import pytest

from tests.data.test_looks import KEPT, TRAINED, write_stills
from tests.scripts import load_script
from ttvos_tf.data.challenge import DIFFICULTIES, sequence
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.looks import PaintedLooks
from ttvos_tf.media.images import read_image, read_mask


@pytest.fixture(scope="module")
def script():
    return load_script("training/challenge.py")


@pytest.fixture(scope="module")
def made(script, tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    stills = write_stills(root / "stills", KEPT[:3])
    out = root / "challenge"
    assert script.main(["--out", str(out), "--saliency", str(stills), "--each", "1", "--height", "48"]) == 0
    return out


def test_a_davis_folder_with_lists(made):
    names = [video.name for video in sequences(made, "all")]
    assert len(names) == len(set(names)) == 2 * len(DIFFICULTIES)
    for difficulty in DIFFICULTIES:
        wanted = [f"{difficulty}-painted-0", f"{difficulty}-stills-0"]
        assert [video.name for video in sequences(made, difficulty)] == wanted
    assert [video.name for video in sequences(made, "painted")] == names[: len(DIFFICULTIES)]
    assert json.loads((made / "challenge.json").read_text())["sources"] == ["painted", "stills"]


def test_files_hold_the_sequence(made):
    (video,) = (each for each in sequences(made, "scale") if each.name == "scale-painted-0")
    clip = sequence(video.name, "scale", 0, PaintedLooks(), height=48)
    assert len(video.frames) == len(clip.frames)
    for t in (0, len(clip.frames) - 1):
        assert np.array_equal(read_mask(video.annotations[t], clip.masks.shape[1:]), clip.masks[t])
        difference = np.abs(read_image(video.frames[t]).astype(int) - clip.frames[t])
        assert difference.mean() < 6  # JPEG


def test_bad_input_is_one_line_and_leaves_nothing(script, tmp_path, capsys):
    trained = write_stills(tmp_path / "trained", TRAINED[:2])
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    out = ["--out", str(tmp_path / "out")]
    for command, message in (
        ([*out, "--saliency", str(trained)], "no held-out image"),
        ([*out, "--objects", str(tmp_path / "none")], "none: needs images/ and annotations/"),
        ([*out, "--each", "0"], "--each must be at least 1, not 0"),
        ([*out, "--seed", "-1"], "--seed must not be negative, but is -1"),
        (["--out", str(tmp_path / "full")], "holds notes.txt"),
    ):
        assert script.main(command) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("challenge.py: error: ")
        assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "trained"]


def test_a_failure_halfway_leaves_nothing(script, tmp_path, monkeypatch):
    calls = []

    def breaks(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return sequence(*args)

    monkeypatch.setattr(script, "sequence", breaks)
    assert script.main(["--out", str(tmp_path / "out"), "--height", "32"]) == 130
    assert not list(tmp_path.iterdir())
