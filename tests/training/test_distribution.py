import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from ttvos_tf.training.distribution import SINGLE_PROCESS, process_group
from ttvos_tf.training.records import CHECKPOINT, RELEASE
from ttvos_tf.weights import read_npz

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


def test_two_processes_are_one(tmp_path):
    """A whole run with checkpoints, boxes and damaged masks, each process with one clip of every two."""
    outs = [tmp_path / name for name in ("alone", "first", "second")]
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(socket.socket()) for _ in range(2)]
        for port in ports:
            port.bind(("localhost", 0))
        addresses = [f"localhost:{port.getsockname()[1]}" for port in ports]
    configs = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}} for index in range(2)]
    variables = [{}, *({"TF_CONFIG": json.dumps(config)} for config in configs)]
    team = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.worker", str(out)],
            cwd=ROOT,
            env=os.environ | variable,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for out, variable in zip(outs, variables, strict=True)
    ]
    try:
        for process in team:
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, errors[-2000:]
    finally:
        for process in team:
            process.kill()
    assert not list(outs[2].iterdir())  # the first one writes
    for file in (RELEASE, CHECKPOINT):
        alone, shared = read_npz(outs[0] / file), read_npz(outs[1] / file)
        assert set(alone) == set(shared)
        for name in alone.keys() - {"config", "train"}:
            np.testing.assert_allclose(shared[name], alone[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_one_process_is_the_first_worker():
    from ttvos_tf.compat import tf

    assert process_group(tf.distribute.get_strategy()) == SINGLE_PROCESS
