"""The examples run as they stand, and follow what they are given."""

import runpy

import numpy as np
import pytest

from tests.metrics import iou
from tests.scripts import ROOT
from ttvos_tf.media.images import read_mask
from ttvos_tf.runtime.interpreter import TFLiteModel
from ttvos_tf.sample.render import BALLOON, CAR, render

EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs an example in an empty folder; its names."""
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_own_video(run, tmp_path):
    names = run("own_video")
    masks = [read_mask(path) for path in sorted((tmp_path / "masks").iterdir())]
    assert len(masks) == 80
    _, truth = render()
    for object_id, box in names["BOXES"].items():
        rows, columns = np.nonzero(truth[0] == object_id)
        assert (columns.min(), rows.min()) == box[:2]
        found = [iou(mask == object_id, own == object_id) for mask, own in zip(masks, truth, strict=True)]
        assert np.mean(found[1:]) > 0.85


def test_bare_signatures(run):
    names = run("signatures")
    frames, truth = names["frames"], names["ids"]
    model = TFLiteModel("mobilenet_v2_240x432_int8", 2, "litert")
    state = model("init", {"frame": frames[0], "mask": names["mask_of"](CAR)})
    for frame, mask in zip(frames[1:5], names["cars"], strict=False):
        state = model("step", {"frame": frame, **state})
        assert np.count_nonzero(mask != (state.pop("probability")[0, ..., 0] > 0.5)) <= 3
    for object_id in (CAR, BALLOON):
        found = [iou(masks[object_id], own == object_id) for masks, own in zip(names["both"], truth[1:], strict=True)]
        assert np.mean(found) > 0.85


@pytest.mark.slow
def test_train_on_images(run, tmp_path):
    names = run("train_on_images")
    assert all(np.any(clip.masks == 1) for clip in names["clips"])
    assert (tmp_path / "runs/mine/weights.npz").is_file()
    assert names["index"] == 20 and iou(names["labels"] == 1, render()[1][20] == CAR) > 0.7


@pytest.mark.slow
def test_quantize_and_ship(run, tmp_path):
    names = run("quantize_and_ship")
    assert (tmp_path / "out/ttvos_mobilenet_v2_240x432_int8.tflite").is_file()
    assert np.mean(names["ious"]) > 0.8
