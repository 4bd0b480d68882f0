"""What a phone would notice: time and memory of importing, and memory of a long video. Each runs in a process apart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtimes import RUNTIMES
from tests.toy_model import toy_model

HEAVY = ("tensorflow", "tf_keras", "keras", "PIL", "ai_edge_litert", "tflite_runtime", "matplotlib", "tqdm")

IMPORT = """
import json, sys, time
begin = time.process_time()  # not the clock on the wall: other work on the machine does not count
import ttvos_tf.runtime
print(json.dumps([time.process_time() - begin, sorted(sys.modules)]))
"""

LONG_VIDEO = """
import sys
from pathlib import Path
import numpy as np
from ttvos_tf.runtime import Tracker

def resident():  # MB
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024

runtime, path, objects = sys.argv[1:]
rng = np.random.default_rng(0)
frames = rng.integers(0, 256, (4, 120, 160, 3), np.uint8)
tracker = Tracker(path, 1, runtime)
tracker.start(frames[0], boxes=[(10 + 30 * k, 20, 20, 40) for k in range(int(objects))])
for t in range(400):
    tracker.step(frames[t % 4])
    if t == 99:
        early = resident()
print(resident() / early)
"""


def run(script, *arguments):
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_is_quick_and_light():
    """Quick: half a second of a processor at most, of which NumPy and OpenCV take most."""
    seconds, modules = run(IMPORT)
    assert seconds < 0.5
    assert not [name for name in modules if name.split(".")[0] in HEAVY]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc, which only Linux has")
@pytest.mark.parametrize("objects", [1, 3])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_memory_is_flat_over_400_frames(runtime, objects):
    assert run(LONG_VIDEO, runtime, str(toy_model()), str(objects)) < 1.02
