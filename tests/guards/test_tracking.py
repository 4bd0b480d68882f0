"""The shipped files do what the README says of them, on the clip that the project draws itself."""

import numpy as np
import pytest

from tests.metrics import iou
from tests.runtimes import needs_tflite_runtime
from tests.shipped import FILES, INT8
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import default_name, find_model
from ttvos_tf.sample import render as sample


@pytest.mark.parametrize("name", FILES)
def test_files_are_as_listed(name):
    assert find_model(name).name == f"ttvos_{name}.tflite"


def test_default_follows_both_objects_of_the_sample_clip():
    frames, truth = sample.render()
    tracker = Tracker(default_name())
    tracker.start(frames[0], truth[0])
    for index in range(1, len(frames), 2):  # every other frame: twice the motion, half the time
        labels = tracker.step(frames[index])
        for label in (sample.CAR, sample.BALLOON):
            assert iou(labels == label, truth[index] == label) > 0.75, (index, label)


@needs_tflite_runtime
@pytest.mark.parametrize("name", INT8)
def test_int8_masks_are_the_same_in_both_runtimes(name):
    frames, truth = sample.render()
    masks = []
    for runtime in ("litert", "tflite-runtime"):
        tracker = Tracker(name, runtime=runtime)
        tracker.start(frames[0], np.where(truth[0] == sample.CAR, truth[0], 0))
        masks.append(np.stack([tracker.step(frame) > 0 for frame in frames[1:9]]))
    assert np.mean([iou(a, b) for a, b in zip(*masks, strict=True)]) >= 0.99
