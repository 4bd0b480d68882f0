"""`ttvos batch` as users call it, with real videos and real processes."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.clips import clip, write_frames, write_video
from tests.scripts import ROOT
from ttvos_tf import cli
from ttvos_tf.archive import engines, process
from ttvos_tf.media.atomic import UNFINISHED
from ttvos_tf.media.images import read_mask, write_mask

MODEL = "mobilenet_v2_240x432_int8"
LENGTH = 4
BOXES = [[8, 6, 22, 20]]


def line(source, out, **more):
    return {"source": str(source), "out": out, **(more or {"boxes": BOXES})}


def write_manifest(path, lines):
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two videos of one name, a folder of frames, and what is no video; a manifest of them."""
    frames, labels = clip(LENGTH)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "walk.avi", frames)
    write_frames(tmp_path / "frames", frames)
    write_mask(tmp_path / "first.png", labels[0])
    (tmp_path / "noise.mp4").write_bytes(os.urandom(3000))
    lines = [line("a/walk.avi", "a/walk"), line("b/walk.avi", "b/walk"), line("noise.mp4", "noise")]
    lines += [line("frames", "frames", mask="first.png"), line("frames", "later", prompts="prompts.json")]
    write_manifest(tmp_path / "m.jsonl", lines)
    (tmp_path / "prompts.json").write_text(json.dumps({"prompts": [{"frame": 1, "object": 2, "box": BOXES[0]}]}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "POLL_SECONDS", 0.1)
    return tmp_path


def batch(*arguments):
    return cli.main(["batch", "m.jsonl", "--out", "results", "--model", MODEL, *map(str, arguments)])


def report(path="results/report.jsonl"):
    with open(path) as file:
        return {record["out"]: record for record in map(json.loads, file)}


def statuses(records):
    return {out: record["status"] for out, record in records.items()}


EXPECTED = {"a/walk": "done", "b/walk": "done", "noise": "failed", "frames": "done", "later": "done"}


def test_what_cannot_be_read_fails_alone_and_a_restart_does_nothing(place, capsys, monkeypatch):
    assert batch("--overlay", "--jobs", 2) == 1
    records = report()
    assert list(records) == list(EXPECTED) and statuses(records) == EXPECTED  # in the manifest's order
    assert "noise.mp4: cannot be read as a video" in records["noise"]["error"]
    assert [records["a/walk"][key] for key in ("attempts", "frames", "objects", "error")] == [1, LENGTH, [1], None]
    for out in ("a/walk", "b/walk", "frames", "later"):
        assert sorted(os.listdir(place / "results" / out)) == ["masks", "overlay.mp4", "record.json"]
        assert sorted(os.listdir(place / "results" / out / "masks")) == [f"{index:05d}.png" for index in range(LENGTH)]
    assert np.array_equal(read_mask("results/frames/masks/00000.png"), read_mask("first.png"))
    assert records["later"]["objects"] == [2] and not read_mask("results/later/masks/00000.png").any()
    assert os.listdir(place / "results/noise") == ["record.json"]
    said = capsys.readouterr()
    assert said.err == "" and "5 videos: 4 done, 1 failed; 0 of them from an earlier run" in said.out
    monkeypatch.setattr(engines, "do_video", lambda *_: pytest.fail("is done again"))
    assert batch("--overlay") == 1
    assert report() == records and "5 of them from an earlier run" in capsys.readouterr().out


def test_shards_share_a_folder(place):
    write_manifest(place / "m.jsonl", [line("a/walk.avi", "a"), line("b/walk.avi", "b"), line("noise.mp4", "noise")])
    assert batch("--shard", "2/2") == 0
    assert sorted(os.listdir("results")) == ["b", "report-2-of-2.jsonl"]
    before = os.stat("results/b/record.json").st_mtime_ns
    write_video(place / "noise.mp4", clip(LENGTH)[0])
    assert batch() == 0
    assert statuses(report()) == {"a": "done", "b": "done", "noise": "done"}
    assert os.stat("results/b/record.json").st_mtime_ns == before
    assert batch("--shard", "9/9") == 0 and report("results/report-9-of-9.jsonl") == {}


def test_what_failed_is_done_when_it_changed_or_when_asked(place, monkeypatch):
    write_manifest(place / "m.jsonl", [line("noise.mp4", "noise")])
    assert batch() == 1 and statuses(report()) == {"noise": "failed"}
    begun = []
    do_video = engines.do_video
    monkeypatch.setattr(engines, "do_video", lambda *given, **more: begun.append(0) or do_video(*given, **more))
    assert batch() == 1 and begun == []
    assert batch("--retry-failed") == 1 and begun == [0]
    write_video(place / "noise.avi", clip(LENGTH)[0])
    os.replace("noise.avi", "noise.mp4")
    assert batch() == 0 and statuses(report()) == {"noise": "done"}


def test_a_full_disk_is_one_video_s_end(place):
    """As a limit to files' sizes, which the children inherit: the masks of the large video do not fit."""
    noise = np.random.default_rng(0).integers(0, 21, (240, 320), np.uint8)
    write_frames(place / "large", np.zeros((2, 240, 320, 3), np.uint8))
    write_mask(place / "large.png", noise)
    write_manifest(place / "m.jsonl", [line("large", "large", mask="large.png"), line("a/walk.avi", "a")])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        assert batch() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    records = report()
    assert statuses(records) == {"large": "failed", "a": "done"} and "File too large" in records["large"]["error"]
    assert os.listdir("results/large") == ["record.json"]
    assert batch("--retry-failed") == 0


def start(place, *arguments):
    command = [sys.executable, "-m", "ttvos_tf", "batch", "m.jsonl", "--out", "results", "--model", MODEL]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *arguments], cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)}, **streams)


def test_a_stop_ends_all_and_the_next_run_goes_on(place):
    write_video(place / "long.avi", np.tile(clip(LENGTH)[0], (200, 1, 1, 1)))
    write_manifest(place / "m.jsonl", [line("a/walk.avi", "a"), line("long.avi", "long"), line("noise.mp4", "noise")])
    run = start(place, "--jobs", "1")
    until(lambda: [each for each in (place / "results").glob("long/*/*/*.png")])
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert err == "ttvos: error: interrupted; run the same command again: it does what is missing\n"
    assert "3 videos: 1 done, 2 missing" in out and "Traceback" not in out
    assert statuses(report()) == {"a": "done", "long": "missing", "noise": "missing"}
    assert all(UNFINISHED in name for name in os.listdir("results/long")) and not (place / "results/noise").exists()
    shutil.copy("b/walk.avi", "long.avi")
    before = os.stat("results/a/record.json").st_mtime_ns
    assert batch() == 1 and statuses(report()) == {"a": "done", "long": "done", "noise": "failed"}
    assert os.stat("results/a/record.json").st_mtime_ns == before


def until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("waited for a minute")


GOOD = [line("a/walk.avi", "a")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--jobs", "0"], "--jobs must be at least 1, not 0"),
        (["--jobs", "x"], "argument --jobs: invalid int value"),
        (["--threads", "0"], "--threads must be at least 1, not 0"),
        (["--retries", "-1"], "--retries must not be negative, but is -1"),
        *[(["--timeout-per-frame", text], "--timeout-per-frame must be") for text in ("0", "-1", "nan", "inf")],
        *[(["--shard", text], "argument --shard: expected I/N") for text in ("0/2", "3/2", "1", "1/2/3", "a/b")],
        (["--model", "nothing"], "nothing: no such model file"),
        (["--out", "m.jsonl"], "m.jsonl"),
        (["--out", "results/../first.png/x"], "first.png"),
        (["--out", "a\0b"], "is no path"),
        (["--jobs", "1", "--dask", "tcp://127.0.0.1:1"], "not allowed with argument"),
    ],
)
def test_bad_options_are_one_line_and_begin_nothing(place, capsys, arguments, expected):
    before = sorted(place.rglob("*"))
    assert batch(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and expected in said.err
    assert sorted(place.rglob("*")) == before


def test_a_bad_manifest_is_one_line_and_begins_nothing(place, capsys):
    write_manifest(place / "m.jsonl", [*GOOD, line("a/walk.avi", "../a")])
    assert batch() == 2
    assert capsys.readouterr().err.startswith("ttvos: error: m.jsonl:2: out: '../a' must be a path below --out")
    assert not (place / "results").exists()


def test_the_manifest_is_not_replaced(place, capsys):
    (place / "results").mkdir()
    os.rename("m.jsonl", "results/report.jsonl")
    before = (place / "results/report.jsonl").read_bytes()
    assert cli.main(["batch", "results/report.jsonl", "--out", "results", "--model", MODEL]) == 2
    assert "is read as input" in capsys.readouterr().err
    assert (place / "results/report.jsonl").read_bytes() == before and len(os.listdir("results")) == 1


def test_without_dask_one_line_says_how_to_get_it(place, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert batch("--dask", "tcp://127.0.0.1:1") == 2
    assert "Dask is not installed: pip install 'ttvos-tf[cluster]'" in capsys.readouterr().err
    assert not (place / "results").exists()
