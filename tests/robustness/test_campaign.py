"""A few tries of every attack, and that an attack would be seen to succeed; `make attack` runs thousands."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.robustness.campaign import REFUSED, Failure, attempt
from tests.scripts import ROOT
from ttvos_tf.errors import TTVOSError

TRIES = 3


def test_a_few_tries_of_every_attack_break_no_promise():
    # In a process of its own: tries are forked, and this one may have threads. Always the same tries: what others may
    # find is for `make attack`, not for somebody's unrelated change.
    command = [sys.executable, "-m", "tests.robustness.campaign", "--tries", str(TRIES), "--seed", "0"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 10 and rows[-1][3:7] == ["0"] * 4


def crash(rng, folder):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(rng, folder):
    time.sleep(60)


def fail(rng, folder):
    return [][0]


def print_a_line(rng, folder):
    os.write(2, b"libpng warning: x\n")
    return "taken"


def lose_data(rng, folder):
    raise Failure("A", "lost")


def refuse_good_input(rng, folder):
    raise Failure("D", "refused")


def say_several_lines(rng, folder):
    raise TTVOSError("a\nb")


def refuse(rng, folder):
    raise TTVOSError("a.png: no such mask")


def take(rng, folder):
    (folder / "a").write_text("x")
    return "taken"


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (crash, "B"),
        (hang, "B"),
        (fail, "C"),
        (print_a_line, "C"),
        (say_several_lines, "C"),
        (lose_data, "A"),
        (refuse_good_input, "D"),
        (refuse, REFUSED),
        (take, "taken"),
    ],
)
def test_what_is_told_of_a_try(run, kind):
    assert attempt(run, "0", patience=5 if run is not hang else 0.5)[0] == kind
