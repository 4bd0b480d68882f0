"""A live RTSP camera, by a server of GStreamer's."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.scripts import ROOT
from ttvos_tf.media import stream as stream_module
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.stream import Stream

PYTHON = "/usr/bin/python3"  # with python3-gi, which is no package of PyPI
NEEDED = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@pytest.fixture
def camera():
    """Starts a camera at a port, 0 for any that is free; gives its process and its port."""
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", PROBE], capture_output=True).returncode:
        pytest.skip(f"needs apt-get install {NEEDED}")
    processes = []

    def start(port=0):
        command = [PYTHON, ROOT / "tests/media/rtsp_camera.py", str(port)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return processes[-1], int(processes[-1].stdout.readline())

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_camera_that_breaks_off_is_opened_anew(camera, monkeypatch):
    monkeypatch.setattr(stream_module, "RETRIES", (1.0,) * 300)  # the new camera may begin late on a busy machine
    process, port = camera()
    stream = Stream(f"rtsp://127.0.0.1:{port}/live")
    assert stream.live
    frames = iter(stream)
    first = [next(frames)[1] for _ in range(10)]
    process.kill()
    process.wait()
    camera(port)
    later = [next(frames) for _ in range(100)]  # more than were on their way
    assert later[-1][0] == "00109"
    for frame in (*first, *(frame for _, frame in later)):
        assert frame.shape == (120, 160, 3) and frame.max() > 200 and np.median(frame) < 30


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stopped by Ctrl-C", "the camera is gone"])
def test_segment_writes_what_it_has_when_the_camera_ends(camera, tmp_path, how):
    process, port = camera()
    address = f"rtsp://user:secret@127.0.0.1:{port}/live"
    # Where the ball is in a first look is not where it is in the next: the box is the frame.
    command = [sys.executable, "-m", "ttvos_tf", "segment", address, "--box", "0,0,160,120", "--out", "masks"]
    command += ["--model", "mobilenet_v2_240x432_int8", "--overlay", "seen.mp4", "--json", "report.json"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until_masks(tmp_path, 5)
    if how == "stopped by Ctrl-C":
        run.send_signal(signal.SIGINT)
    else:
        process.kill()
    out, err = run.communicate(timeout=600)
    assert (run.returncode, err) == (0, "")
    assert "secret" not in out + (tmp_path / "report.json").read_text()
    frames = json.loads((tmp_path / "report.json").read_text())["frames"]
    masks = sorted((tmp_path / "masks").iterdir())
    assert len(masks) == frames >= 5 and all(read_mask(mask).shape == (120, 160) for mask in masks)
    assert cv2.VideoCapture(str(tmp_path / "seen.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == frames


def until_masks(folder, count):
    """Waits until so many masks are on the disk, in the folder that is not finished yet."""
    for _ in range(6000):
        if len(list(folder.rglob("*.png"))) >= count:
            return
        time.sleep(0.1)
    pytest.fail("no masks")
