import cv2
import numpy as np
import pytest

from ttvos_tf.media.images import read_mask
from ttvos_tf.sample import render as sample


@pytest.fixture(scope="module")
def rendered():
    return sample.render()


def test_both_objects_are_there_from_the_start_and_get_hidden_in_part(rendered):
    frames, labels = rendered
    assert frames.shape == (sample.LENGTH, sample.HEIGHT, sample.WIDTH, 3)
    assert frames.dtype == labels.dtype == np.uint8
    assert labels.shape == frames.shape[:3]
    assert set(np.unique(labels)) == {0, sample.CAR, sample.BALLOON}
    for label in (sample.CAR, sample.BALLOON):
        area = (labels == label).sum(axis=(1, 2))
        assert area.min() > 2000
    parts = [cv2.connectedComponents((frame == sample.CAR).astype(np.uint8))[0] - 1 for frame in labels]
    assert parts[0] == 1
    assert max(parts) == 2  # the lamp post stands before it


def test_bundled_files_are_what_this_module_draws(rendered):
    """Up to the loss of the video's compression, and to the rounding of other OpenCV builds in the mask."""
    frames, labels = rendered
    assert np.mean(read_mask(sample.FIRST_MASK) != labels[0]) < 1e-4
    assert sample.VIDEO.stat().st_size < 1.5e6
    video = cv2.VideoCapture(str(sample.VIDEO))
    for expected, objects in zip(frames, labels > 0, strict=True):
        there, frame = video.read()
        assert there
        loss = np.abs(frame[..., ::-1].astype(int) - expected)
        assert loss.mean() < 4
        assert loss[objects].mean() < 7
    assert not video.read()[0]
