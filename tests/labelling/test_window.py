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
FIXED, GONE = 40, 60  # the frames where drive.py draws the car anew, and deletes the balloon
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


def quality(annotations, by_hand):
    """The IoU of the car and the balloon in each frame, 0 where one is not there: (T, 2).

    Args:
        annotations: a folder.
        by_hand: frame -> labels that are drawn there, and not tracked.
    """
    _, labels = render()
    found = []
    for index, truth in enumerate(labels):
        shapes = json.loads((annotations / f"{index:05d}.json").read_text())["shapes"]
        given = given_objects(shapes, truth.shape, tracked_too=True)
        assert set(given) <= set(OBJECTS)
        assert {shape["label"] for shape in shapes if not is_tracked(shape)} == by_hand.get(index, set())
        found.append([iou(given[each].covered, truth == i) if each in given else 0.0 for each, i in OBJECTS.items()])
    return np.array(found)


@pytest.mark.slow
def test_draw_track_stop_correct_go_on_remove_and_track_back(tmp_path, screen):
    folder, pictures = frames_of(VIDEO, tmp_path / "frames"), tmp_path / "pictures"
    pictures.mkdir()
    command = [sys.executable, "-m", "tests.labelling.drive", str(folder), str(pictures)]
    done = subprocess.run(command, env=screen, capture_output=True, text=True, timeout=1200)
    assert done.stdout.splitlines()[-1:] == ["done"], done.stdout + done.stderr
    forwards = quality(pictures / "forwards", {0: {"car", "balloon"}, FIXED: {"car"}})
    mean = forwards[1:].mean(axis=0)
    print(f"\nmean IoU of {len(forwards) - 1} frames: car {mean[0]:.3f}, balloon {mean[1]:.3f}")
    assert (mean > 0.8).all()
    assert forwards[FIXED, 0] > 0.95  # as it was corrected
    removed = quality(pictures / "removed", {0: {"car", "balloon"}, FIXED: {"car"}})
    assert (removed[GONE:, 1] == 0).all() and (removed[:GONE, 1] == forwards[:GONE, 1]).all()
    assert (removed[:, 0] == forwards[:, 0]).all()
    backwards = quality(pictures / "backwards", {0: {"car", "balloon"}, FIXED: {"car"}, len(forwards) - 1: {"balloon"}})
    assert (backwards[:-1].mean(axis=0) > 0.8).all()
    assert (backwards[GONE:-1, 1] > 0.8).all()  # and in the last frame it is a box
    for name in ("drawn", "name", "tracking", "tracked", "corrected", "end"):
        assert (pictures / f"{name}.png").stat().st_size > 10_000
