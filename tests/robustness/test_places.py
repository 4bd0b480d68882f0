"""Outputs never take the place of an input, or of each other; every command asks before the work."""

import json
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.clips import SIZE, clip, write_frames
from tests.scripts import ROOT, load_script
from ttvos_tf import cli
from ttvos_tf.data import davis, youtube_vos
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.annotations import masks
from ttvos_tf.media.images import write_mask
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.video import open_source
from ttvos_tf.media.video_writer import VideoWriter
from ttvos_tf.runtime.installed import FOLDER

MODEL = "ttvos_mobilenet_v2_240x432_int8.tflite"


def content(folder):
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with all kinds of inputs."""
    frames, truth = clip(3)
    write_frames(tmp_path / "fr", frames)
    write_mask(tmp_path / "m.png", truth[0])
    shutil.copy(FOLDER / MODEL, tmp_path / "x.tflite")
    os.link(tmp_path / "x.tflite", tmp_path / "hard.json")
    (tmp_path / "soft.json").symlink_to("x.tflite")
    for kind, suffix in (("JPEGImages", "png"), ("Annotations", "png")):
        shutil.copytree(tmp_path / "fr", tmp_path / "D" / kind / "480p/bus")
        if kind == "Annotations":
            for index, labels in enumerate(truth):
                write_mask(tmp_path / "D" / kind / f"480p/bus/{index:05d}.{suffix}", labels)
    shutil.copytree(tmp_path / "D/Annotations/480p/bus", tmp_path / "R/bus")
    (tmp_path / "D/ImageSets/2016").mkdir(parents=True)
    (tmp_path / "D/ImageSets/2016/val.txt").write_text("bus\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SEGMENT = "segment fr --mask m.png --model x.tflite"
EVALUATE = "evaluate --davis D --year 2016 --model x.tflite"
SCORE = "evaluate --davis D --year 2016 --results R"
REFUSED = {
    f"{SEGMENT} --out o --json fr/00001.png": "--json fr/00001.png: lies in fr, which is read",
    f"{SEGMENT} --out o --json fr/new.json": "--json fr/new.json: lies in fr, which is read",
    f"{SEGMENT} --out o --json x.tflite": "--json x.tflite: is read as input",
    f"{SEGMENT} --out o --json hard.json": "--json hard.json: is read as input",
    f"{SEGMENT} --out o --json soft.json": "--json soft.json: is read as input",
    f"{SEGMENT} --out o --json fr/../m.png": "m.png: is read as input",
    f"{SEGMENT} --out fr": "--out fr: is read as input",
    f"{SEGMENT} --out fr/o": "--out fr/o: lies in fr, which is read",
    f"{SEGMENT} --out .": "--out .: holds an input",
    f"{SEGMENT} --out D": "D: holds Annotations, which would be lost",
    f"{SEGMENT} --out o --overlay x.webm --json x.webm": "--json x.webm: is the place of --overlay x.webm too",
    f"{SEGMENT} --out a/b --json a": "--out a/b: lies in a, another output",
    f"{SEGMENT} --out x --json x": "--json x: is the place of --out x too",
    f"{SEGMENT} --out o --json o/a/b.json": "--json o/a/b.json: lies in o, another output",
    f"{SEGMENT} --out o --json R": "R: is a folder, a file name is needed",
    f"{SEGMENT} --out m.png/o": "m.png/o: cannot be written",
    "info x.tflite --json x.tflite": "--json x.tflite: is read as input",
    "info x.tflite --json hard.json": "--json hard.json: is read as input",
    "info x.tflite --json fr": "fr: is a folder, a file name is needed",
    "benchmark x.tflite --json soft.json": "--json soft.json: is read as input",
    f"{EVALUATE} --out D/JPEGImages/480p": "bus: is read as input",
    f"{EVALUATE} --out o --json D/Annotations/480p/bus/a.json": "lies in D/Annotations/480p/bus, which is read",
    f"{EVALUATE} --out o --json x.tflite": "--json x.tflite: is read as input",
    f"{EVALUATE} --out o --json o/bus": "is the place of",
    f"{EVALUATE} --out o --json o/global_results-val.csv": "is the place of",
    f"{EVALUATE} --out o --json R": "R: is a folder",
    f"{EVALUATE} --out o --split ../val": "split: '../val' is no name",
    f"{SCORE} --json R/bus/00001.png": "--json R/bus/00001.png: lies in R/bus, which is read",
}


@pytest.mark.parametrize("command", REFUSED)
def test_commands_refuse_before_the_work(place, capsys, monkeypatch, command):
    def work(*_):
        pytest.fail("began to work")

    if (
        "cannot be written" not in REFUSED[command]
    ):  # that is noticed when the outputs are opened, before the first step
        monkeypatch.setattr("ttvos_tf.runtime.Tracker.start", work)
    monkeypatch.setattr("ttvos_tf.runtime.Tracker.step", work)
    before = content(place)
    assert cli.main(command.split()) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("ttvos: error: ") and said.err.count("\n") == 1
    assert REFUSED[command] in said.err
    assert content(place) == before


def test_outputs_are_looked_at_again_at_the_end(place, capsys, monkeypatch):
    def write(path, labels, origin):
        write_mask(path, labels, origin)
        if not Path("report.json").exists():
            Path("report.json").symlink_to("m.png")

    monkeypatch.setattr(masks, "write_mask", write)
    before = content(place)
    assert cli.main([*SEGMENT.split(), "--out", "o", "--json", "report.json"]) == 2
    assert "--json report.json: is read as input" in capsys.readouterr().err
    Path("report.json").unlink()
    assert content(place) == before


def test_work_is_not_lost_because_somebody_put_a_file_into_the_folder(place, monkeypatch):
    def write(path, labels, origin):
        write_mask(path, labels, origin)
        Path("o/notes.txt").write_text("mine")

    command = [*SEGMENT.split(), "--out", "o"]
    assert cli.main(command) == 0
    before = content(place)
    monkeypatch.setattr(masks, "write_mask", write)
    assert cli.main(command) == 0
    assert content(place) == {**before, "o/notes.txt": b"mine"}


def test_results_of_a_data_set_may_lie_in_its_folder(place):
    check_outputs(["D/JPEGImages/480p/bus"], {"--json": Path("D/a.json")}, {"--out": Path("D/Results")})


def test_what_is_not_there_is_no_input():
    check_outputs([None, "0", "mobilenet_v2"], {"--json": Path("mobilenet_v2"), "--overlay": None})


@pytest.mark.parametrize("out", ["a.npz", "link.npz"])
def test_weights_are_not_replaced_by_their_mean(tmp_path, capsys, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "weights/mobilenet_v2.npz", "a.npz")
    Path("link.npz").symlink_to("a.npz")
    before = content(tmp_path)
    assert load_script("training/average.py").main(["a.npz", "a.npz", "--out", out]) == 2
    assert f"--out {out}: is read as input" in capsys.readouterr().err and content(tmp_path) == before


@pytest.mark.parametrize("name", ["../esc", "/tmp/esc", "a/b", ".", "..", "a\\b", "a\0b"])
def test_names_in_lists_lead_nowhere_else(tmp_path, name):
    (tmp_path / "ImageSets/2016").mkdir(parents=True)
    (tmp_path / "ImageSets/2016/val.txt").write_text(f"{name}\n")
    with pytest.raises(TTVOSError, match="is no name of a file or folder"):
        davis.sequences(tmp_path, "val", "2016")
    for video, frame in ((name, "0"), ("a", name)):
        meta = {"videos": {video: {"objects": {"1": {"frames": [frame]}}}}}
        (tmp_path / "meta.json").write_text(json.dumps(meta))
        with pytest.raises(TTVOSError, match="is no name of a file or folder"):
            youtube_vos.sequences(tmp_path)


def write_overlay(path, frames):
    with VideoWriter(path, 10, SIZE, Path("seen.mp4")) as video:
        for frame in frames:
            video.write(frame)


@pytest.mark.parametrize("suffix", [".webm", ".mp4"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_frames_of_an_overlay_that_found_no_room_are_missed(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (8, *SIZE, 3), np.uint8)
    path = tmp_path / f"v{suffix}"
    write_overlay(path, noise)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * path.stat().st_size), before[1]))
    path.unlink()
    try:
        with pytest.raises(
            TTVOSError, match=r"seen\.mp4: the video could not be written: . of 8 frames are whole: is there room on"
        ):
            write_overlay(path, noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".webm", ".mp4"])
@pytest.mark.parametrize("count", [1, 40])
def test_all_frames_of_an_overlay_are_counted(tmp_path, suffix, count):
    write_overlay(tmp_path / f"v{suffix}", clip(count)[0])
    assert open_source(tmp_path / f"v{suffix}").count == count
