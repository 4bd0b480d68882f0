"""Masks and boxes at any frame, on the command line."""

import json
import shutil

import numpy as np
import pytest

from tests.clips import clip, write_walk
from tests.metrics import iou
from tests.toy_model import NAME, toy_model
from ttvos_tf import cli
from ttvos_tf.commands import segment as command
from ttvos_tf.media.images import read_mask, write_mask
from ttvos_tf.media.video import open_source

LENGTH = 10
MODEL = ("--model", f"ttvos_{NAME}.tflite", "--threads", "1", "--out", "m")
_, TRUTH = clip(LENGTH, ids=(1, 2))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    truth = write_walk(folder, LENGTH)
    for index in (0, 5):
        write_mask(folder / f"{index}.png", truth[index])
    wrong = np.where(truth[0] == 2, truth[0], 0)
    wrong[40:60, 70:90] = 1
    write_mask(folder / "wrong.png", wrong)
    write_mask(folder / "white.png", np.where(truth[5] == 1, 255, 0).astype(np.uint8))
    shutil.copy(toy_model(), folder)
    return folder


def segment(*arguments):
    return cli.main(["segment", "walk.avi", *map(str, arguments), *MODEL])


def masks(place):
    return [read_mask(path) for path in sorted((place / "m").iterdir())]


def right(found, object_id, frames):
    return [iou(found[index] == object_id, TRUTH[index] == object_id) > 0.7 for index in frames]


def test_a_second_mask_corrects(place):
    assert segment("--mask", "0=wrong.png", "--mask", "5=5.png", "--json", "r.json") == 0
    found = masks(place)
    assert not any(right(found, 1, range(5))) and all(right(found, 1, range(5, LENGTH)))
    assert np.array_equal(found[5], TRUTH[5]) and all(right(found, 2, range(LENGTH)))
    report = json.loads((place / "r.json").read_text())
    assert (report["frames"], report["objects"]) == (LENGTH, [1, 2])
    last = report["scores"][-2]
    area = int((found[-1] == 1).sum())
    assert last == last | {"frame": 9, "name": "00009", "object": 1, "area": area, "lost": False, "likeness": None}
    x, y, width, height = last["box"]
    assert (found[-1][y : y + height, x : x + width] == 1).sum() == area and 0.5 < last["probability"] <= 1


@pytest.mark.parametrize("later", ["5.png", "white.png"])
def test_of_one_object_alone(place, later):
    assert segment("--mask", "wrong.png", "--mask", f"5:1={later}") == 0
    found = masks(place)
    assert np.array_equal(found[5] == 1, TRUTH[5] == 1) and all(right(found, 1, range(5, LENGTH)))


def test_a_box_for_a_new_object_and_another_start(place):
    assert segment("--box", "13,7,22,20", "--start", "5", "--box", "7:9=27,37,22,20") == 0
    found = masks(place)
    assert not any(labels.any() for labels in found[:5])
    assert all(right(found, 1, range(5, LENGTH)))
    assert [9 in labels for labels in found] == [False] * 7 + [True] * 3


def test_a_file_of_prompts_is_the_same(place):
    options = ("--mask", "0=wrong.png", "--mask", "5:1=5.png", "--box", "7:9=27,37,22,20")
    assert segment(*options) == 0
    expected = masks(place)
    (place / "sub").mkdir()
    listed = [
        {"frame": 7, "box": [27, 37, 22, 20], "object": 9},
        {"frame": 5, "mask": "../5.png", "object": 1},
        {"frame": 0, "mask": "../wrong.png"},
    ]
    (place / "sub/p.json").write_text(json.dumps({"prompts": listed}))
    assert segment("--prompts", "sub/p.json") == 0
    assert np.array_equal(masks(place), expected)
    (place / "sub/p.json").write_text(json.dumps({"prompts": listed[:2]}))
    assert segment("--prompts", "sub/p.json", "--mask", "wrong.png") == 0
    assert np.array_equal(masks(place), expected)


@pytest.mark.parametrize("source", ["walk.avi", "frames"])
def test_backwards(place, source):
    given = ("--mask", "5.png", "--start", "5", "--backward", "--json", "r.json", "--overlay", "seen.webm")
    assert cli.main(["segment", source, *given, *MODEL]) == 0
    found = masks(place)
    assert all(right(found, 1, range(LENGTH))) and all(right(found, 2, range(LENGTH)))
    assert np.array_equal(found[5], TRUTH[5])
    assert json.loads((place / "r.json").read_text())["frames"] == LENGTH
    assert open_source(place / "seen.webm").count == LENGTH
    assert not list(place.glob(".*")), "nothing unfinished is left"


def test_a_camera_has_no_past(place, monkeypatch, capsys):
    class Camera:
        fps, count, live = 20.0, None, True

        def __iter__(self):
            raise AssertionError("it is not read")

    monkeypatch.setattr(command, "open_source", lambda source: Camera())
    assert cli.main(["segment", "0", "--box", "8,6,22,20", "--backward", *MODEL]) == 2
    assert "--backward: 0 cannot be read backwards: record it" in capsys.readouterr().err


BAD = {
    "a frame beyond the end": (("--mask", "10=5.png"), "frame 10: the frames of the video are 0 to 9"),
    "start beyond the end": (("--box", "1,1,9,9", "--start", "99"), "frame 99: the frames of the video are 0 to 9"),
    "start before the beginning": (
        ("--box", "1,1,9,9", "--start", "-1"),
        "argument --start: expected the number",
    ),
    "no mask there": (("--mask", "0=0.png", "--mask", "5=none.png"), "none.png: no such mask"),
    "a mask of another size": (
        ("--mask", "0=0.png", "--mask", "5=small.png"),
        "small.png: is 32x20",
    ),
    "an object that is not in the mask": (("--mask", "5:3=5.png"), "5.png: holds no object 3: its objects are [1, 2]"),
    "twice in a frame": (("--mask", "0:2=0.png", "--box", "0:2=1,1,9,9"), "object 2 is given twice in frame 0"),
    "a box without its object": (("--box", "5=1,1,9,9"), "argument --box: say whose box it is, FRAME:ID=X,Y,W,H"),
    "a box of object 0": (("--box", "5:0=1,1,9,9"), "argument --box: object 0: object ids go from 1 to 254"),
    "a box of words": (("--box", "5:1=left"), "argument --box: expected X,Y,W,H in pixels"),
    "a box outside": (("--mask", "0=0.png", "--box", "5:1=96,0,9,9"), "box 96,0,9,9: covers no pixel"),
    "two first masks": (("--mask", "0.png", "--mask", "5.png"), "argument --mask: not allowed with argument --mask"),
    "first mask and box": (("--mask", "0.png", "--box", "1,1,9,9"), "argument --box: not allowed with argument --mask"),
    "no file of prompts": (("--prompts", "none.json"), "none.json: no such file"),
    "a video for prompts": (("--prompts", "walk.avi"), "walk.avi: is no text in UTF-8"),
    "a report on the prompts": (("--prompts", "p.json", "--json", "p.json"), "--json p.json: is read as input"),
    "a report on a later mask": (("--mask", "0=0.png", "--mask", "5=5.png", "--json", "5.png"), "is read as input"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(place, capsys, case):
    arguments, message = BAD[case]
    write_mask(place / "small.png", np.ones((20, 32), np.uint8))
    (place / "p.json").write_text('{"prompts": [{"frame": 0, "mask": "0.png"}]}')
    before = sorted(place.rglob("*"))
    assert segment(*arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("ttvos: error: ") and said.err.count("\n") == 1 and message in said.err
    assert said.out == "" and sorted(place.rglob("*")) == before
