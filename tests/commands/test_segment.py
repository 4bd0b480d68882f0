"""What `ttvos segment` takes and writes beside a mask for each frame; tests/test_cli.py has the rest."""

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.media.test_video_writer import SOURCES, WITH_FFMPEG, beep_of, decoded, flash_and_beep, flash_of
from tests.metrics import iou
from tests.scripts import ROOT
from tests.test_cli import BOX, LENGTH, MODEL, WALK, content, inputs, ttvos  # noqa: F401
from ttvos_tf.media.cutout import blurred
from ttvos_tf.media.images import read_image, read_mask, write_mask
from ttvos_tf.media.video import open_source

TWO = ("walk.avi", "--mask", "first.png", *MODEL)


@pytest.fixture
def masks(place):
    """The masks of walk.avi, uint8 (T, H, W): all formats must hold the same."""
    assert ttvos("segment", *TWO, "--out", "expected") == 0
    return np.stack([read_mask(path) for path in sorted((place / "expected").iterdir())])


def test_coco(place, masks, capsys):
    assert ttvos("segment", *TWO, "--format", "coco", "--name", "2=blue car") == 0
    assert "coco:    results/walk_coco.json" in capsys.readouterr().out
    found = json.loads((place / "results/walk_coco.json").read_text())
    assert [each["name"] for each in found["categories"]] == ["Object 1", "blue car"]
    areas = {(each["image_id"] - 1, each["track_id"]): each["area"] for each in found["annotations"]}
    assert areas == {(t, i): (masks[t] == i).sum() for t in range(LENGTH) for i in (1, 2) if (masks[t] == i).any()}


def test_cvat(place, masks):
    assert ttvos("segment", *TWO, "--format", "cvat", "--name", "1=car", "--name", "2=car", "--out", "new/a.xml") == 0
    tracks = ElementTree.parse(place / "new/a.xml").getroot().findall("track")
    assert [track.get("label") for track in tracks] == ["car", "car"]
    assert [len(track) for track in tracks] == [LENGTH, LENGTH]


def test_yolo(place, masks):
    assert ttvos("segment", *TWO, "--format", "yolo") == 0
    labels = sorted((place / "results/walk_yolo/labels").iterdir())
    assert len(labels) == len(os.listdir(place / "results/walk_yolo/images")) == LENGTH
    assert [line.split()[0] for line in labels[3].read_text().splitlines()] == ["0", "1"]


def test_labelme(place, masks):
    assert ttvos("segment", *TWO, "--format", "labelme", "--out", "labels") == 0
    for index, expected in enumerate(masks):
        found = np.zeros_like(expected)
        for shape in json.loads((place / f"labels/{index:05d}.json").read_text())["shapes"]:
            cv2.fillPoly(found, [np.int32(shape["points"])], shape["group_id"])
        assert np.array_equal(found, expected)


def test_labels_that_may_have_been_corrected_are_never_replaced(place, capsys):
    for name, out in (("labelme", "labels"), ("yolo", "data")):
        assert ttvos("segment", *TWO, "--format", name, "--out", out) == 0
        before = content(place)
        assert ttvos("segment", *TWO, "--format", name, "--out", out) == 2
        assert f"{out}: holds" in capsys.readouterr().err
        assert content(place) == before


def test_a_cut_out_as_pngs(place, masks):
    for _ in range(2):  # cut-outs are replaced, as masks are
        assert ttvos("segment", *TWO, "--cutout", "cut") == 0
    assert sorted(os.listdir(place / "cut")) == [f"{index:05d}.png" for index in range(LENGTH)]
    for index, (_, frame) in enumerate(open_source("walk.avi")):
        image = np.asarray(Image.open(place / f"cut/{index:05d}.png"))
        assert image.shape == (*frame.shape[:2], 4) and np.array_equal(image[..., :3], frame)
        assert iou(image[..., 3] > 127, masks[index] > 0) > 0.9


@WITH_FFMPEG
def test_a_cut_out_as_a_video(place, masks):
    for name, codec in (("cut.webm", ("-c:v", "libvpx-vp9")), ("cut.mov", ())):
        assert ttvos("segment", *TWO, "--cutout", name) == 0
        found = decoded(place / name, 4, *codec)
        assert len(found) == LENGTH
        assert np.mean([iou(a[..., 3] > 127, b > 0) for a, b in zip(found, masks, strict=True)]) > 0.9


@pytest.mark.parametrize("what", ["#00ff00", "blur", "beach.png"])
def test_another_background(place, masks, what):
    Image.fromarray(np.full((20, 50, 3), (0, 255, 0), np.uint8)).save("beach.png")
    assert ttvos("segment", *TWO, "--cutout", "seen.mp4", "--background", what) == 0
    source = open_source("seen.mp4")
    assert (source.count, source.fps) == (LENGTH, 20)
    square = np.ones((9, 9), np.uint8)
    for (_, found), (_, frame), labels in zip(source, open_source("walk.avi"), masks, strict=True):
        inside = cv2.erode((labels > 0).astype(np.uint8), square) > 0
        outside = cv2.dilate((labels > 0).astype(np.uint8), square) == 0
        assert np.abs(found[inside].astype(int) - frame[inside]).mean() < 12
        if what == "blur":
            soft = blurred(frame).astype(int)
            assert np.abs(found - soft)[outside].mean() < np.abs(found.astype(int) - frame)[outside].mean()
        else:
            assert np.abs(found[outside].astype(int) - (0, 255, 0)).mean() < 12


@WITH_FFMPEG
def test_sound_and_times_are_those_of_the_source(place):
    suffix, codecs = SOURCES["aac"]
    path = flash_and_beep(place, suffix, *codecs, late=0.4)
    videos = ("--overlay", "seen.mp4", "--cutout", "hidden.webm", "--background", "#000000")
    assert ttvos("segment", path, "--box", BOX, *MODEL, *videos, "--out", "m") == 0
    for name in ("seen.mp4", "hidden.webm"):
        assert open_source(name).count == 100
        assert beep_of(place / name) == pytest.approx(1.0, abs=0.03)
    assert flash_of(place / "seen.mp4") == 1.0


def test_without_ffmpeg_the_loss_of_sound_is_said(place, monkeypatch, capsys):
    from ttvos_tf.commands import outputs
    from ttvos_tf.media import video_writer

    for module in (outputs, video_writer):
        monkeypatch.setattr(module, "ffmpeg", lambda: None)
    assert ttvos("segment", *WALK, "--overlay", "a.mp4") == 0
    assert "overlay: a.mp4 (sound, if there is any, is left out: install ffmpeg" in capsys.readouterr().out


def test_several_sources_each_by_itself(place, capsys):
    write_mask("walk_first.png", read_mask("first.png"))
    write_mask("frames_first.png", np.where(read_mask("first.png") == 1, 7, 0).astype(np.uint8))
    more = (
        "--mask",
        "{name}_first.png",
        *MODEL,
        "--out",
        "m/{name}",
        "--json",
        "{name}.json",
        "--overlay",
        "{name}.webm",
    )
    assert ttvos("segment", "walk.avi", "frames", *more) == 0
    assert sorted(os.listdir(place / "m")) == ["frames", "walk"]
    assert [json.loads((place / f"{name}.json").read_text())["objects"] for name in ("walk", "frames")] == [[1, 2], [7]]
    assert open_source("walk.webm").count == open_source("frames.webm").count == LENGTH
    assert capsys.readouterr().out.count(f"{LENGTH} frames") == 2


@pytest.mark.parametrize("pattern", ["frames/%05d.png", "frames/*.png"])
def test_frames_by_a_pattern(place, pattern):
    (place / "frames/notes.txt").write_text("x")
    (place / "frames/.DS_Store").write_text("x")
    assert ttvos("segment", pattern, "--box", BOX, *MODEL) == 0
    assert sorted(os.listdir(place / "results/frames")) == [f"{index:05d}.png" for index in range(LENGTH)]


def test_standard_input(place):
    command = [sys.executable, "-m", "ttvos_tf", "segment", "-", "--box", BOX, *MODEL]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=(place / "walk.avi").read_bytes(), capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(os.listdir(place / "results/stdin")) == LENGTH
    assert read_image(place / "frames/00000.png").shape[:2] == read_mask(place / "results/stdin/00009.png").shape


def test_where_time_goes(place, capsys):
    assert ttvos("segment", *WALK, "--overlay", "a.webm", "--profile", "--json", "a.json") == 0
    table = capsys.readouterr().out.partition("JSON:")[2].splitlines()[1:]
    assert re.fullmatch(r"\d+\.\d\d s, \d+\.\d\d times the network's time beside the other threads, .*:", table[0])
    names = ["reading", "network", "waiting for a writer", "masks", "overlay", "finishing"]
    assert sorted(line[2:22].strip() for line in table[1:]) == sorted(names)
    report = json.loads((place / "a.json").read_text())
    assert sorted(report["seconds"]) == sorted(names) and all(each >= 0 for each in report["seconds"].values())
