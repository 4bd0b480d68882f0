"""Processes that score end with the command that began them; one that is killed is one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scripts import ROOT
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation import score

POOL = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from ttvos_tf.evaluation.score import _start_worker

pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), initializer=_start_worker)
began = [pool.submit(os.getpid) for _ in range(2)]
busy = [pool.submit(time.sleep, 60) for _ in range(2)]
print(*{each.result() for each in began}, flush=True)
time.sleep(60)
"""


def test_workers_end_with_their_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c", POOL], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    workers = [Path("/proc", pid) for pid in parent.stdout.readline().split()]
    assert workers and all(map(Path.exists, workers))
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while any(map(Path.exists, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(Path.exists, workers))


def killed(video, results, year):
    """Stands for `score_video` where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(score, "score_video", killed)
    (tmp_path / "dog").mkdir()
    with pytest.raises(TTVOSError, match="a process that scored was ended from outside"):
        score.score_folder([AnnotatedVideo("dog", (), ())], tmp_path, "2017")
