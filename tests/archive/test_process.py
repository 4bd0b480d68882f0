"""A child is watched by what it writes, and does not outlive who started it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.scripts import ROOT
from ttvos_tf.archive import process
from ttvos_tf.archive.process import HangsError, run_segment
from ttvos_tf.archive.work import never


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a few lines of shell as the child, in the folder that it writes to."""
    monkeypatch.setattr(process, "POLL_SECONDS", 0.05)
    monkeypatch.chdir(tmp_path)

    def run(script, patience=5.0, opening=0.0, stopped=never):
        monkeypatch.setattr(process, "COMMAND", ("sh", "-c", script))
        return run_segment([], tmp_path, patience, opening, stopped)

    return run


def test_code_and_last_line(run):
    assert run("echo one >&2; echo two >&2; exit 2") == (2, "two")
    assert run("exit 0") == (0, "")
    assert run("kill -9 $$") == (-9, "")
    assert run("yes lots of lines | head -n 300000 >&2; echo end >&2") == (0, "end")


def test_who_writes_goes_on_and_who_does_not_hangs(run):
    # Much patience for short pauses: a busy machine may halt this process, or its child, for a second or two.
    assert run("mkdir m; for i in $(seq 20); do sleep 0.2; : > m/$i; done", patience=3, opening=10)[0] == 0
    assert run("sleep 3; : > late", patience=2.5, opening=20)[0] == 0
    begin = time.monotonic()
    with pytest.raises(HangsError):
        run("sleep 0.5; : > begun; sleep 30", patience=0.3, opening=8)
    assert time.monotonic() - begin < 8


def test_a_process_that_was_halted_hangs_too(run, monkeypatch):
    monkeypatch.setattr(process, "SECONDS_TO_END", 0.2)
    with pytest.raises(HangsError):
        run("kill -STOP $$", patience=0.2)


def test_a_stop_ends_the_child_and_its_children(run, tmp_path):
    code, _ = run("sleep 30 & echo $! > pid; wait", stopped=lambda: (tmp_path / "pid").exists())
    assert code == -signal.SIGTERM
    until_gone(int((tmp_path / "pid").read_text() or 0))


def until_gone(pid):
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().split(") ")[1][0] in "ZX":
                    return
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("is still there")


HANGING = """
import ctypes, pathlib, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # as deep in a library as one can be
pathlib.Path("hangs").touch()
while True:
    ctypes.CDLL(None).pause()
"""
PARENT = """
import signal, subprocess, sys
command = [sys.executable, "-m", "ttvos_tf.archive.child", "segment", "clip.mp4", "--box", "1,1,9,9"]
child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
print(child.pid, flush=True)
signal.pause()
"""


def test_a_child_ends_with_its_parent_even_if_it_hangs(tmp_path):
    (tmp_path / "cv2.py").write_text(HANGING)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    streams = {"stdout": subprocess.PIPE, "text": True}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, env=environment, **streams)
    pid = int(parent.stdout.readline())
    while not (tmp_path / "hangs").exists():
        time.sleep(0.05)
    parent.kill()
    parent.communicate()
    until_gone(pid)
