import subprocess
import sys

from tests.toy_model import HEIGHT, WIDTH, toy_model

TRACK = f"""
import sys
import numpy as np
from ttvos_tf.runtime import Tracker

tracker = Tracker(sys.argv[1], 1, "litert")
tracker.start(np.zeros(({HEIGHT}, {WIDTH}, 3), np.uint8), boxes=[(1, 1, 20, 20)])
"""
SPEAK = """
import os
from ttvos_tf.runtime.quiet import without_announcement

for word in ("first", "second"):
    try:
        with without_announcement():
            os.write(2, f"INFO: {word}\\nERROR: {word}\\n".encode())
            raise ValueError
    except ValueError:
        os.write(2, b"after\\n")
"""


def stderr_of(program, *arguments):
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_run_announces_nothing():
    assert stderr_of(TRACK, str(toy_model())) == ""


def test_errors_are_kept_and_only_the_first_block_listens():
    assert stderr_of(SPEAK).split("\n") == ["ERROR: first", "after", "INFO: second", "ERROR: second", "after", ""]


def test_a_process_without_stderr():
    assert stderr_of(f"import os\nos.close(2)\n{TRACK}", str(toy_model())) == ""
