import numpy as np
import pytest

from tests.clips import SIZE, clip
from tests.metrics import iou
from tests.toy_model import toy_model
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.prompts import Prompt, Prompts
from ttvos_tf.runtime.propagate import follow

LENGTH = 12
FRAMES, TRUTH = clip(LENGTH, ids=(1, 2))


@pytest.fixture(scope="module")
def tracker():
    return Tracker(toy_model(), num_threads=1)


def numbered(order=range(LENGTH)):
    return ((index, f"{index:05d}", FRAMES[index]) for index in order)


def prompts(*given):
    return Prompts(given, SIZE, LENGTH)


def only(object_id, frame):
    return np.where(TRUTH[frame] == object_id, TRUTH[frame], 0).astype(np.uint8)


def test_one_mask_in_the_first_frame_is_what_a_tracker_does(tracker):
    results = list(follow(tracker, numbered(), prompts(Prompt(0, TRUTH[0]))))
    other = Tracker(toy_model(), num_threads=1)
    expected = [other.start(FRAMES[0], TRUTH[0]), *(other.step(frame) for frame in FRAMES[1:])]
    assert [each.index for each in results] == list(range(LENGTH))
    for each, labels in zip(results, expected, strict=True):
        assert np.array_equal(each.labels, labels) and each.name == f"{each.index:05d}"
        assert np.array_equal(each.frame, FRAMES[each.index])
    assert np.array_equal(np.stack(list(results[-1].soft.values())), other.probabilities[1:])


@pytest.mark.parametrize("against_time", [False, True])
def test_objects_begin_where_they_are_given_first(tracker, against_time):
    order = range(LENGTH)[:: -1 if against_time else 1]
    given = prompts(Prompt(4, only(1, 4)), Prompt(6, only(2, 6)))
    for each in follow(tracker, numbered(order), given):
        for object_id, begun in ((1, 4), (2, 6)):
            truth = TRUTH[each.index] == object_id
            if each.index == begun:
                assert np.array_equal(each.labels == object_id, truth)
            elif (each.index < begun) == against_time:
                assert iou(each.labels == object_id, truth) > 0.7
            else:
                assert not (each.labels == object_id).any() and object_id not in each.soft


def test_what_is_given_wins_on_its_frame_and_is_gone_on_from(tracker):
    wrong = np.zeros(SIZE, np.uint8)
    wrong[40:60, 70:90] = 1
    given = prompts(Prompt(0, wrong), Prompt(0, only(2, 0)), Prompt(5, only(1, 5)))
    found = [each.labels for each in follow(tracker, numbered(), given)]
    assert all(iou(labels == 1, truth == 1) < 0.1 for labels, truth in zip(found[:5], TRUTH, strict=False))
    assert np.array_equal(found[5] == 1, TRUTH[5] == 1)
    for index in range(LENGTH):
        assert iou(found[index] == 2, TRUTH[index] == 2) > 0.7
    assert all(iou(found[index] == 1, TRUTH[index] == 1) > 0.7 for index in range(6, LENGTH))


def test_a_box_is_looked_into(tracker):
    box = (8 + 5, 6 + 1, 22, 20)  # of object 1 in frame 5
    results = list(follow(tracker, numbered(), prompts(Prompt(5, box=box, object_id=9))))
    assert list(results[-1].soft) == [9]
    assert iou(results[-1].labels == 9, TRUTH[-1] == 1) > 0.7
