"""Two hundred videos, some bad, one hanging, and kills in mid-run: nothing is lost, nothing is done twice."""

import collections
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.archive.tapes import LENGTH, MODEL, Begun, read_report, until, write_tapes

COUNT, HANGS, JOBS = 200, 50, 2
BAD = {0: "empty", 20: "noise", 40: "cut", 60: "gone", 80: "text", 100: "empty", 120: "box", 140: "noise", 160: "mask"}
BAD[199] = "cut"


def spoil(folder):
    """Makes ten videos bad, each in its way."""
    lines = [json.loads(line) for line in (folder / "m.jsonl").read_text().splitlines()]
    for index, way in BAD.items():
        path = folder / f"{index}.avi"
        whole = path.read_bytes()
        contents = {"empty": b"", "noise": os.urandom(5000), "cut": whole[: len(whole) // 2], "text": b"no video\n"}
        if way in contents:
            path.write_bytes(contents[way])
        elif way == "gone":
            path.unlink()
        elif way == "box":
            lines[index]["boxes"] = [[500, 500, 10, 10]]
        else:
            del lines[index]["boxes"]
            lines[index]["mask"] = "gone.png"
    (folder / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path):
    names = write_tapes(tmp_path, COUNT)
    spoil(tmp_path)
    begun, results = Begun(tmp_path, f"tapes/{HANGS}"), tmp_path / "results"
    command = [sys.executable, "-m", "ttvos_tf", "batch", "m.jsonl", "--out", "results", "--model", MODEL]
    command += ["--jobs", str(JOBS), "--timeout-per-frame", "20"]  # for others than the hanging one, on a busy machine

    def start():
        return subprocess.Popen(command, cwd=tmp_path, env=begun.environment, stdout=subprocess.DEVNULL)

    def running_one():
        number, name = begun.processes()[-1]
        good = int(name.rsplit("/", 1)[1]) not in {*BAD, HANGS} and not (results / name / "record.json").exists()
        return (number, name) if good else None

    first = start()
    until(lambda: len(begun.processes()) > 70)
    number, struck = until(running_one)
    os.kill(number, signal.SIGKILL)  # the process of one video
    until(lambda: len(begun.processes()) > 130)
    first.kill()  # the run itself, with all that it knows
    first.wait()
    done = {name: (results / name / "record.json").stat().st_mtime_ns for name in finished(results)}
    half_done = {name for name in begun.counts() if name not in done}
    second = start()
    assert second.wait() == 1

    records = read_report(results / "report.jsonl")
    statuses = collections.Counter(record["status"] for record in records.values())
    extra = {name: count - 1 for name, count in begun.counts().items() if count > 1}
    print(
        f"\n{COUNT} videos: {dict(statuses)}; {sum(begun.counts().values())} processes begun; more than once: {extra}; "
        f"{len(done)} from the killed run"
    )
    assert list(records) == names and set(begun.counts()) == set(names)
    assert statuses == {"done": COUNT - len(BAD) - 1, "failed": len(BAD), "hangs": 1}
    assert {name for name in names if records[name]["status"] == "failed"} == {f"tapes/{index}" for index in BAD}
    assert all(record["error"] for record in records.values() if record["status"] != "done")
    masks = {name: read_all(results / name / "masks") for name in names if records[name]["status"] == "done"}
    whole = next(iter(masks.values()))
    assert len(whole) == LENGTH and all(each == whole for each in masks.values())
    # Twice only what had not ended: the struck one, the hanging one's second try, and those in work at the kill.
    assert {name: (results / name / "record.json").stat().st_mtime_ns for name in done} == done
    assert set(extra) <= {struck, f"tapes/{HANGS}", *half_done} and len(half_done) <= JOBS
    assert records[struck]["attempts"] == 2 and not list(results.rglob(".*"))
    shutil.rmtree(results)


def finished(results):
    return {str(path.parent.relative_to(results)) for path in results.rglob("record.json")}


def read_all(folder):
    """Pixels, since a mask names its source."""
    from ttvos_tf.media.images import read_mask

    return {path.name: read_mask(path).tobytes() for path in sorted(folder.iterdir())}
