"""The same work on the workers of a Dask cluster, some of which are killed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.archive.tapes import MODEL, Begun, read_report, until, write_tapes
from ttvos_tf import cli
from ttvos_tf.archive import engines

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")


def command(folder, address):
    return ["batch", str(folder / "m.jsonl"), "--out", str(folder / "results"), "--model", MODEL, "--dask", address]


@pytest.fixture
def begun(tmp_path, monkeypatch):
    begun = Begun(tmp_path)
    monkeypatch.setenv("PYTHONPATH", begun.environment["PYTHONPATH"])
    return begun


def test_a_killed_worker_s_videos_are_done_by_the_other(tmp_path, begun):
    names = write_tapes(tmp_path, 5)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, silence_logs=50) as cluster:
        run = subprocess.Popen(
            [sys.executable, "-m", "ttvos_tf", *command(tmp_path, cluster.scheduler_address)],
            env=begun.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        child, name = until(begun.processes)[0]
        worker = parent_of(child)
        assert worker != run.pid
        os.kill(worker, signal.SIGKILL)
        out, err = run.communicate(timeout=1200)
    assert (run.returncode, err) == (0, "") and "5 videos: 5 done" in out
    assert statuses(tmp_path) == dict.fromkeys(names, "done")
    assert begun.counts() == {each: 2 if each == name else 1 for each in names}
    assert os.listdir(tmp_path / "results" / name / "masks") and not list((tmp_path / "results").rglob(".*"))


def statuses(folder):
    return {out: record["status"] for out, record in read_report(folder / "results/report.jsonl").items()}


def parent_of(process):
    with open(f"/proc/{process}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])


@pytest.fixture
def by_hand(tmp_path, begun):
    """A scheduler and two workers, each a process of its own, as on machines of their own."""
    file, processes = tmp_path / "scheduler.json", []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=begun.environment, cwd=tmp_path, start_new_session=True
        )
        processes.append(process)
        return process

    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    options = ("--scheduler-file", str(file), "--no-dashboard")
    scheduler = start("distributed.cli.dask_scheduler", *options, "--port", "0", "--host", "127.0.0.1")
    until(file.exists)
    workers = [
        start("distributed.cli.dask_worker", *options, "--nthreads", "1", "--name", name) for name in ("one", "two")
    ]
    address = until(lambda: file.read_text() and json.loads(file.read_text())["address"])
    yield address, scheduler, workers, end
    for process in processes:
        end(process)


@pytest.mark.slow
def test_workers_by_hand_one_of_which_is_lost(tmp_path, begun, by_hand):
    address, _, workers, end = by_hand
    names = write_tapes(tmp_path, 12)
    run = subprocess.Popen([sys.executable, "-m", "ttvos_tf", *command(tmp_path, address)], env=begun.environment)
    until(lambda: len(begun.processes()) >= 5)
    end(workers[0])  # with its nanny: nobody starts it again
    assert run.wait(timeout=1200) == 0
    assert statuses(tmp_path) == dict.fromkeys(names, "done")
    counts = begun.counts()
    print(f"\n{len(names)} videos, {sum(counts.values())} processes begun, one worker lost")
    assert set(counts) == set(names) and sum(counts.values()) <= len(names) + 1


@pytest.mark.slow
def test_a_lost_scheduler_ends_the_run_and_the_next_goes_on(tmp_path, begun, by_hand):
    address, scheduler, _, end = by_hand
    names = write_tapes(tmp_path, 8)
    run = subprocess.Popen([sys.executable, "-m", "ttvos_tf", *command(tmp_path, address)], env=begun.environment)
    until(lambda: len(list((tmp_path / "results").rglob("record.json"))) >= 2)
    end(scheduler)
    assert run.wait(timeout=1200) == 1
    before = statuses(tmp_path)
    assert list(before) == names and set(before.values()) == {"done", "missing"}
    done = {name: count for name, count in begun.counts().items() if before[name] == "done"}
    arguments = ["batch", str(tmp_path / "m.jsonl"), "--out", str(tmp_path / "results"), "--model", MODEL]
    assert cli.main(arguments) == 0
    assert {name: begun.counts()[name] for name in done} == done


def test_no_scheduler_and_no_worker_are_one_line(tmp_path, monkeypatch, capsys):
    write_tapes(tmp_path, 1)
    monkeypatch.setattr(engines, "DASK_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "127.0.0.1", "nonsense://x", "tcp://127.0.0.1:port"):
        assert cli.main(command(tmp_path, address)) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"ttvos: error: --dask {address}: no scheduler there") and err.count("\n") == 1
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None, silence_logs=50) as cluster:
        assert cli.main(command(tmp_path, cluster.scheduler_address)) == 2
    err = capsys.readouterr().err
    assert "has no worker: start one with `dask worker" in err and err.count("\n") == 1
    assert not (tmp_path / "results").exists()
