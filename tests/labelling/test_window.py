"""The sample clip labelled in labelme, on a virtual screen, by mouse and keyboard (drive.py)."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.metrics import iou
from tests.scripts import ROOT
from ttvos_tf.labelling.annotation import Object, given_objects
from ttvos_tf.labelling.frames import frames_of
from ttvos_tf.media.annotations.labelme import is_tracked
from ttvos_tf.sample.render import BALLOON, CAR, VIDEO, render

HOW = "needs Python 3.12, `pip install '.[labelme]'`, and Xvfb (CONTRIBUTING.md)"
OBJECTS = {Object("car", 1): CAR, Object("balloon", 2): BALLOON}


@pytest.fixture
def screen(tmp_path):
    """The environment of a program on a virtual screen, with no settings of anybody."""
    if not shutil.which("Xvfb") or not importlib.util.find_spec("labelme"):
        pytest.skip(HOW)
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp"], pass_fds=[write]
    )
    os.close(write)
    with os.fdopen(read) as display:
        number = display.readline().strip()
    home = tmp_path / "home"
    home.mkdir()
    yield {**os.environ, "DISPLAY": f":{number}", "HOME": str(home), "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    server.terminate()
    server.wait()


@pytest.mark.slow
def test_draw_track_stop_correct_and_go_on(tmp_path, screen):
    folder, pictures = frames_of(VIDEO, tmp_path / "frames"), tmp_path / "pictures"
    pictures.mkdir()
    command = [sys.executable, "-m", "tests.labelling.drive", str(folder), str(pictures)]
    done = subprocess.run(command, env=screen, capture_output=True, text=True, timeout=1200)
    assert done.stdout.splitlines()[-1:] == ["done"], done.stdout + done.stderr
    _, labels = render()
    found = []
    for index, truth in enumerate(labels):
        shapes = json.loads((folder / f"{index:05d}.json").read_text())["shapes"]
        given = given_objects(shapes, truth.shape, tracked_too=True)
        assert set(given) <= set(OBJECTS)
        by_hand = {shape["label"] for shape in shapes if not is_tracked(shape)}
        assert by_hand == {0: {"car", "balloon"}, 40: {"car"}}.get(index, set())
        found.append([iou(given[each].covered, truth == i) if each in given else 0.0 for each, i in OBJECTS.items()])
    mean = np.mean(found[1:], axis=0)
    print(f"\nmean IoU of {len(found) - 1} frames: car {mean[0]:.3f}, balloon {mean[1]:.3f}")
    assert (mean > 0.8).all()
    assert found[40][0] > 0.95  # as it was corrected
    for name in ("drawn", "name", "tracking", "tracked", "corrected", "end"):
        assert (pictures / f"{name}.png").stat().st_size > 10_000
