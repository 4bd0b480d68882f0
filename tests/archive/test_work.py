"""What is done with one video: tries, records, places. The process is a stand-in; tests/commands has the real one."""

import fcntl
import json
import os
import re
import threading
from dataclasses import replace

import pytest

from ttvos_tf.archive import work
from ttvos_tf.archive.manifest import Video
from ttvos_tf.archive.process import HangsError
from ttvos_tf.archive.record import CRASHED, DONE, FAILED, HANGS, MISSING
from ttvos_tf.archive.work import Settings, do_video, earlier
from ttvos_tf.media.unfinished import ANEW


@pytest.fixture
def video(tmp_path):
    (tmp_path / "v.mp4").write_text("frames")
    return Video(str(tmp_path / "v.mp4"), "a/v", ((1, 2, 3, 4),))


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "results", "some_model")


@pytest.fixture
def ends(monkeypatch):
    """How the tries of a video end, in turn: an exit code, or an exception; empty: no try is expected."""
    ends = []

    def run_segment(arguments, folder, *_):
        end = ends.pop(0)
        (folder / ".ttvos-partial-0").mkdir()
        if isinstance(end, Exception):
            raise end
        if end == 0:
            (folder / ".ttvos-partial-0").rename(folder / "masks")
            summary = {"frames": 3, "fps": 9.5, "objects": [1], "model": "some_model", "runtime": "litert", "out": "x"}
            with open(arguments[arguments.index("--json") + 1], "w") as file:
                json.dump(summary, file)
        return end, "ttvos: error: why"

    monkeypatch.setattr(work, "run_segment", run_segment)
    return ends


@pytest.mark.parametrize(
    ("tries", "status", "error"),
    [
        ([0], DONE, None),
        ([-9, 0], DONE, None),
        ([HangsError(4), 0], DONE, None),
        ([2], FAILED, "why"),
        ([-11, -11], CRASHED, "exit code -11: ttvos: error: why"),
        ([1, HangsError(4.0)], HANGS, "nothing new for 4.0 s"),
        ([-9, 2], FAILED, "why"),
        ([-15], MISSING, "was stopped"),  # the end of a job on a cluster is not the video's fault
        ([130], MISSING, "was stopped"),
        ([None], MISSING, "was stopped"),
    ],
)
def test_tries_and_records(video, settings, ends, tries, status, error):
    ends.extend(tries)
    record = do_video(video, settings)
    assert (record.status, record.error, record.attempts, ends) == (status, error, len(tries), [])
    assert (record.frames, record.objects) == ((3, (1,)) if status == DONE else (None, ()))
    left = {"masks", "record.json"} if status == DONE else set() if status == MISSING else {"record.json"}
    assert set(os.listdir(settings.out / "a/v")) == left
    if status != MISSING:
        assert do_video(video, settings) == earlier(video, settings) == record, "nothing is done twice"
        again = replace(settings, retry_failed=True)
        assert earlier(video, again) == (record if status == DONE else None)
    else:
        assert earlier(video, settings) is None


def test_retries_are_as_many_as_asked(video, settings, ends):
    ends.extend([-9, -9, -9, 0])
    assert do_video(video, replace(settings, retries=0)).attempts == 1
    ends[:] = [-9, -9, 0]
    assert do_video(video, replace(settings, retries=2, retry_failed=True)).status == DONE


def test_a_try_goes_on_from_the_masks_of_the_one_before(video, settings, monkeypatch):
    folder, tries = settings.out / "a/v", []
    left = folder / "masks.unfinished-01234567"

    def run_segment(arguments, *_):
        tries.append("--resume" in arguments)
        if tries == [False]:
            (left / "results").mkdir(parents=True)
            return -9, ""
        if tries[-1]:
            return 2, f"ttvos: error: other boxes: {ANEW}"
        return 2, "ttvos: error: damaged"

    monkeypatch.setattr(work, "run_segment", run_segment)
    assert do_video(video, settings).error == "damaged"
    assert tries == [False, True, False] and left.exists()
    done = {"frames": 3, "fps": 9.5, "objects": [1]}

    def run_again(arguments, *_):
        tries.append("--resume" in arguments)
        left.rename(folder / "masks")
        with open(arguments[arguments.index("--json") + 1], "w") as file:
            json.dump(done, file)
        (left / "results").mkdir(parents=True)  # of other options
        return 0, ""

    monkeypatch.setattr(work, "run_segment", run_again)
    assert do_video(video, replace(settings, retry_failed=True)).status == DONE
    assert tries[3:] == [True] and set(os.listdir(folder)) == {"masks", "record.json"}


def test_what_the_results_depend_on_makes_them_anew(video, settings, ends, tmp_path):
    ends.append(0)
    do_video(video, settings)
    assert earlier(video, settings) and earlier(video, replace(settings, threads=4, runtime="litert", retries=7))
    assert not earlier(video, replace(settings, model="other"))
    assert not earlier(video, replace(settings, overlay=True))
    assert not earlier(replace(video, boxes=((1, 2, 3, 5),)), settings)
    moved = tmp_path / "moved"
    (tmp_path / "v.mp4").rename(moved)
    assert earlier(replace(video, source=str(moved)), settings)
    moved.write_text("other frames")
    assert not earlier(replace(video, source=str(moved)), settings)


def test_a_model_file_counts_by_its_content(video, settings, ends, tmp_path):
    file = tmp_path / "m.tflite"
    file.write_text("weights")
    settings = replace(settings, model=str(file))
    ends.append(0)
    do_video(video, settings)
    assert earlier(video, settings)
    file.write_text("other weights")
    assert not earlier(video, settings)


def test_done_means_that_the_masks_are_there(video, settings, ends):
    ends.extend([0, 0])
    do_video(video, settings)
    (settings.out / "a/v/masks").rmdir()
    assert earlier(video, settings) is None and do_video(video, settings).status == DONE


@pytest.mark.parametrize("content", ["{}", "[]", "mine", '{"out": 1, "mine": 2}', "\xff"])
def test_somebody_else_s_record_stays(video, settings, ends, content):
    path = settings.out / "a/v/record.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("latin-1"))
    record = do_video(video, settings)
    assert record.status == MISSING and re.search(r"record\.json: (was not written by|is no text)", record.error)
    assert path.read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("content", ["", "\0\0\0"])
def test_what_a_power_cut_leaves_is_no_record(video, settings, ends, content):
    path = settings.out / "a/v/record.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    ends.append(0)
    assert do_video(video, settings).status == DONE


def test_a_link_does_not_lead_out(video, settings, ends, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    settings.out.mkdir()
    (settings.out / "a").symlink_to(tmp_path / "elsewhere")
    record = do_video(video, settings)
    assert record.status == MISSING and "results stay below --out" in record.error
    assert not os.listdir(tmp_path / "elsewhere")


def test_inputs_do_not_lie_among_the_outputs(video, settings, ends, tmp_path):
    inside = settings.out / "b/masks"
    inside.mkdir(parents=True)
    record = do_video(replace(video, source=str(inside)), settings)
    assert record.status == MISSING and "lies in --out" in record.error
    frames = tmp_path / "frames"
    frames.mkdir()
    record = do_video(replace(video, source=str(frames)), replace(settings, out=frames / "results"))
    assert record.status == MISSING and "is read" in record.error and not os.listdir(frames)


def test_a_folder_that_cannot_be_made_is_that_video_s_alone(video, settings, ends):
    settings.out.mkdir()
    (settings.out / "a").write_text("a file")
    record = do_video(video, settings)
    assert record.status == MISSING and str(settings.out / "a") in record.error


def test_two_runs_do_not_do_one_video_at_once(video, settings, ends):
    folder = settings.out / "a/v"
    folder.mkdir(parents=True)
    other = os.open(folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    ends.append(0)
    records = []
    thread = threading.Thread(target=lambda: records.append(do_video(video, settings)))
    thread.start()
    thread.join(0.3)
    assert not records and ends == [0]
    os.close(other)
    thread.join()
    assert records[0].status == DONE


def test_who_waits_for_another_run_can_be_stopped(video, settings, ends):
    folder = settings.out / "a/v"
    folder.mkdir(parents=True)
    other = os.open(folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    asked = []
    assert do_video(video, settings, lambda: asked.append(0) or len(asked) > 2).status == MISSING
    os.close(other)
