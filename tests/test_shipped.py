"""The shipped files do what the README says of them, on the clip that the project draws itself."""

import numpy as np
import pytest

from ttvos_tf.data import sample
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.models import default_name, find_model, installed


@pytest.mark.parametrize("name", installed())
def test_files_are_as_listed(name):
    assert find_model(name).name == f"ttvos_{name}.tflite"


def test_default_follows_both_objects_of_the_sample_clip():
    frames, truth = sample.render()
    tracker = Tracker(default_name())
    tracker.start(frames[0], truth[0])
    for index in range(1, len(frames), 2):  # every other frame: twice the motion, half the time
        labels = tracker.step(frames[index])
        for label in (sample.CAR, sample.BALLOON):
            found, there = labels == label, truth[index] == label
            assert np.sum(found & there) / np.sum(found | there) > 0.75, (index, label)
