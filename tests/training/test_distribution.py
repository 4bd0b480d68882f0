import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from ttvos_tf.training.distribution import Workers, workers

ROOT = Path(__file__).parents[2]


def run(devices: int) -> dict:
    # Logical devices can be chosen only before TensorFlow starts: a process of its own.
    command = [sys.executable, "-m", "tests.training.two_devices", str(devices)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_two_devices_are_one():
    one, two = run(1), run(2)
    assert np.ptp([loss[0] for loss in one["losses"]]) > 1e-3  # the weights did change
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    np.testing.assert_allclose(two["average"], one["average"], rtol=1e-4)


def test_one_process_is_the_first_worker():
    from ttvos_tf.compat import tf

    assert workers(tf.distribute.get_strategy()) == Workers(rank=0, count=1)
