"""What an interrupted `ttvos segment` leaves, and that `--resume` makes of it what an uninterrupted one makes."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.clips import write_walk
from tests.scripts import ROOT
from tests.ttvos import content, ttvos
from ttvos_tf.commands import resume
from ttvos_tf.media import atomic
from ttvos_tf.media.annotations import masks
from ttvos_tf.media.images import read_mask, write_mask
from ttvos_tf.media.unfinished import ANEW
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime.installed import find_model

LENGTH = 10
BOX = "8,6,22,20"  # of object 1 in the first frame
ONE, TWO = ("--box", BOX), ("--mask", "first.png")
INT8, FLOAT16 = (("--model", f"mobilenet_v2_240x432_{kind}", "--threads", "1") for kind in ("int8", "float16"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with a video, its frames, and the mask of its first frame."""
    folder = tmp_path_factory.mktemp("inputs")
    write_walk(folder, LENGTH)
    return folder


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Every frame has its state."""
    monkeypatch.setattr(resume, "SECONDS", 0.0)


@pytest.fixture
def interrupt(monkeypatch):
    """Has the next run stopped before its n-th mask."""

    def at(count, error=KeyboardInterrupt):
        write, calls = masks.Masks.add, []

        def fail(*arguments):
            calls.append(arguments)
            if len(calls) == count:
                monkeypatch.setattr(masks.Masks, "add", write)
                raise error
            write(*arguments)

        monkeypatch.setattr(masks.Masks, "add", fail)

    return at


def left(place):
    """The unfinished folder that is there."""
    (folder,) = [path for path in place.rglob("*") if atomic.UNFINISHED in path.name]
    return folder


def nothing_left(place):
    return not [path for path in place.rglob("*") if atomic.UNFINISHED in path.name or path.name.startswith(".")]


@pytest.mark.parametrize("source", ["walk.avi", "frames"])
@pytest.mark.parametrize("model", [INT8, FLOAT16], ids=["int8", "float16"])
@pytest.mark.parametrize("objects", [ONE, TWO], ids=["one", "two"])
def test_a_resumed_run_makes_the_same_masks(place, interrupt, capsys, source, model, objects):
    command = ("segment", source, *objects, *model)
    assert ttvos(*command, "--out", "whole") == 0
    interrupt(5)
    assert ttvos(*command, "--out", "o") == 130
    folder = left(place)
    line = f"ttvos: error: interrupted; the masks until then are kept in {folder}: --resume goes on from them\n"
    assert capsys.readouterr().err == line
    assert folder.name.startswith("o.unfinished-") and not (place / "o").exists()
    assert content(folder / "results") == dict(list(content(place / "whole").items())[:4])
    interrupt(3)  # counted from there on
    assert ttvos(*command, "--out", "o", "--resume") == 130
    assert len(content(folder / "results")) == 4 + 2
    assert ttvos(*command, "--out", "o", "--resume") == 0
    assert content(place / "o") == content(place / "whole") and nothing_left(place)


def test_a_run_whose_first_object_comes_later(place, interrupt):
    command = ("segment", "walk.avi", "--box", f"6:2={BOX}", "--mask", "7:1=first.png", *INT8)
    assert ttvos(*command, "--out", "whole") == 0
    for count in (3, 6, 7, 8):  # before, at and after the masks
        interrupt(count, OSError(errno.ENOSPC, "No space left on device"))
        assert ttvos(*command, "--out", "o") == 2
        assert ttvos(*command, "--out", "o", "--resume") == 0
        assert content(place / "o") == content(place / "whole") and nothing_left(place)


KILLED = """
import os, signal, sys, time
from ttvos_tf.commands import resume
resume.SECONDS = 0.0
import numpy, PIL.Image
import ttvos_tf.media.atomic, ttvos_tf.media.unfinished
from ttvos_tf.cli import main
count = 0
def dying(call):
    def die(*arguments, **options):
        global count
        count += 1
        if count == {count}:
            if {after}:
                call(*arguments, **options)
            os.kill(os.getpid(), {signal})
            time.sleep(0.2)
        return call(*arguments, **options)
    return die
{name} = dying({name})
sys.exit(main(sys.argv[1:]))
"""
MOMENTS = {
    "within a mask": ("PIL.Image.Image.save", 5, False),
    "after a mask": ("PIL.Image.Image.save", 5, True),
    "within a state": ("numpy.savez", 5, True),
    "after a state": ("os.replace", 5, True),
    "at the first state": ("numpy.savez", 1, False),
    "before the folder has its name": ("os.rename", 1, False),
    "before the masks are in place": ("os.rename", 2, False),
    "after it": ("os.rename", 2, True),
    "before the overlay is in place": ("os.replace", LENGTH + 1, False),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_wherever_a_run_is_killed(place, capsys, moment, number):
    command = ["segment", "walk.avi", *TWO, *INT8, "--overlay", "seen.mp4", "--out", "o"]
    assert ttvos(*command, "--out", "whole") == 0
    name, count, after = MOMENTS[moment]
    program = KILLED.format(name=name, count=count, after=after, signal=int(number))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", program, *command], env=environment, capture_output=True)
    assert killed.returncode in (-number, 128 + number), killed.stderr
    assert not (place / "o").exists() or content(place / "o") == content(place / "whole")
    capsys.readouterr()
    if ttvos(*command, "--resume") == 2:
        assert "nothing is left to go on from" in capsys.readouterr().err
        assert (place / "o").exists() or moment in ("at the first state", "before the folder has its name")
        assert ttvos(*command) == 0
    assert content(place / "o") == content(place / "whole")
    assert open_source("seen.mp4").count == LENGTH
    assert nothing_left(place)


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "zeros", "other"])
def test_a_damaged_state_costs_time_alone(place, interrupt, damage):
    command = ("segment", "walk.avi", *TWO, *INT8)
    assert ttvos(*command, "--out", "whole") == 0
    interrupt(5)
    assert ttvos(*command, "--out", "o") == 130
    state = left(place) / "state.npz"
    whole = state.read_bytes()
    state.write_bytes(
        {"cut": whole[:-30], "empty": b"", "zeros": whole[:200] + bytes(99) + whole[299:], "other": b"x" * 99}.get(
            damage, whole
        )
    )
    if damage == "gone":
        state.unlink()
    assert ttvos(*command, "--out", "o", "--resume") == 0
    assert content(place / "o") == content(place / "whole") and nothing_left(place)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ("--threads", "2"),
            "was begun with another number of threads: go on as it was begun, or run the command without",
        ),
        (FLOAT16, "was begun with another model"),
        (("--box", BOX), "was begun with other masks or boxes"),
        (("--cutout", "cut"), "--resume: not with --cutout"),
        (("--backward",), "--resume: not with --backward"),
        (("--format", "coco", "--out", "o.json"), "--resume: not with --format coco"),
        (("--out", "p"), "--resume: beside p nothing is left to go on from: run the command without --resume"),
    ],
)
def test_what_cannot_be_gone_on_with_is_one_line(place, interrupt, capsys, options, line):
    command = ("segment", "walk.avi", *ONE, *INT8, "--out", "o")
    interrupt(5)
    assert ttvos(*command) == 130
    before = content(place)
    capsys.readouterr()
    assert ttvos(*command, "--resume", *options) == 2
    err = capsys.readouterr().err
    assert line in err and err.count("\n") == 1 and content(place) == before


@pytest.mark.parametrize("change", ["touched", "another", "mask", "model"])
def test_inputs_that_changed_meanwhile(place, interrupt, capsys, change):
    command = ("segment", "walk.avi", *TWO, *INT8, "--out", "o")
    interrupt(5)
    assert ttvos(*command) == 130
    if change == "touched":
        os.utime("walk.avi")
    elif change == "mask":
        write_mask("first.png", read_mask("first.png") * 2)
    elif change == "model":
        shutil.copy(find_model(FLOAT16[1]), "ttvos_mobilenet_v2_240x432_int8.tflite")
        command = (
            "segment",
            "walk.avi",
            *TWO,
            *INT8,
            "--model",
            "ttvos_mobilenet_v2_240x432_int8.tflite",
            "--out",
            "o",
        )
    else:
        os.rename("walk.avi", "run.avi")
        command = ("segment", "run.avi", *command[2:])
    capsys.readouterr()
    assert ttvos(*command, "--resume") == 2
    what = {"mask": "other masks or boxes", "model": "another model"}.get(change, "another source")
    assert f"was begun with {what}: " in capsys.readouterr().err


def test_several_sources_and_streams_are_not_gone_on_with(place, capsys):
    assert ttvos("segment", "walk.avi", "frames", *ONE, *INT8, "--resume") == 2
    assert "--resume: not with several sources: only masks of one video file or folder" in capsys.readouterr().err
    with (place / "walk.avi").open("rb") as file:
        piped = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
    command = [sys.executable, "-m", "ttvos_tf", "segment", "-", *ONE, *INT8, "--resume"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdin=piped.stdout, capture_output=True, text=True, env=environment)
    piped.kill()
    assert done.returncode == 2 and "--resume: not with a stream or a camera: " in done.stderr


def test_a_plain_run_names_what_is_left_and_keeps_it_until_it_is_done(place, interrupt, capsys, caplog):
    command = ("segment", "walk.avi", *TWO, *INT8, "--out", "o")
    interrupt(6)
    assert ttvos(*command) == 130
    folder = left(place)
    before = content(folder)
    interrupt(2)
    capsys.readouterr()
    assert ttvos(*command) == 130
    assert caplog.messages == [f"{folder}: an interrupted run left it: --resume goes on from it, or remove it"]
    error = capsys.readouterr().err
    assert content(folder) == before
    (second,) = [each for each in place.iterdir() if atomic.UNFINISHED in each.name and each != folder]
    assert str(second) in error and len(content(second / "results")) == 1
    assert ttvos(*command, "--resume") == 0  # from the farther one
    assert nothing_left(place) and len(content(place / "o")) == LENGTH


def test_what_is_left_of_other_options_or_put_there_by_others_stays(place, interrupt, capsys):
    command = ("segment", "walk.avi", *TWO, *INT8, "--out", "o")
    interrupt(6)
    assert ttvos(*command, "--threads", "2") == 130
    others = left(place)
    interrupt(6)
    assert ttvos(*command) == 130
    (ours,) = [each for each in place.iterdir() if atomic.UNFINISHED in each.name and each != others]
    (ours / "notes.txt").write_text("mine")
    before = content(others)
    assert ttvos(*command) == 0
    assert content(others) == before and content(ours) == {next(iter(content(ours))): b"mine"}
    assert sorted(os.listdir(ours)) == ["notes.txt"]


def test_a_mask_that_is_missing_is_one_line(place, interrupt, capsys):
    command = ("segment", "walk.avi", *TWO, *INT8, "--out", "o")
    interrupt(6)
    assert ttvos(*command) == 130
    folder = left(place)
    (folder / "results/00002.png").write_bytes(b"")
    before = content(place)
    capsys.readouterr()
    assert ttvos(*command, "--resume") == 2
    assert capsys.readouterr().err.endswith(f"remove {folder}, and {ANEW}\n")
    assert content(place) == before


def test_a_short_run_leaves_nothing(place, interrupt, monkeypatch):
    monkeypatch.setattr(resume, "SECONDS", 600.0)
    before = content(place)
    interrupt(6)
    assert ttvos("segment", "walk.avi", *TWO, *INT8) == 130
    assert content(place) == before and not (place / "results").exists()


def test_a_full_disk(place, capsys, monkeypatch):
    command = ("segment", "walk.avi", *TWO, *INT8)
    assert ttvos(*command, "--out", "whole") == 0
    save, calls = masks.write_mask, []

    def fill(path, *arguments):
        calls.append(path)
        if len(calls) > 6:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        save(path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(masks, "write_mask", fill)
        assert ttvos(*command, "--out", "o") == 2
    err = capsys.readouterr().err
    assert err.startswith("ttvos: error: o: cannot be written (No space left on device); the masks until then")
    assert ttvos(*command, "--out", "o", "--resume") == 0
    assert content(place / "o") == content(place / "whole") and nothing_left(place)


def test_the_report_says_where_it_was_resumed(place, interrupt):
    command = ("segment", "walk.avi", *TWO, *INT8, "--out", "o", "--json", "r.json")
    interrupt(6)
    assert ttvos(*command) == 130
    assert ttvos(*command, "--resume") == 0
    report = json.loads((place / "r.json").read_text())
    assert (report["frames"], report["resumed"]) == (LENGTH, 5)
    assert {each["frame"] for each in report["scores"]} == set(range(5, LENGTH))
