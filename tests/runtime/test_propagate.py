import numpy as np
import pytest

from tests.clips import SIZE, clip
from tests.metrics import iou
from tests.toy_model import toy_model
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.prompts import Prompt, Prompts
from ttvos_tf.runtime.propagate import propagate
from ttvos_tf.runtime.shelf import Shelf

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
    results = list(propagate(tracker, numbered(), prompts(Prompt(0, TRUTH[0]))))
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
    for each in propagate(tracker, numbered(order), given):
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
    found = [each.labels for each in propagate(tracker, numbered(), given)]
    assert all(iou(labels == 1, truth == 1) < 0.1 for labels, truth in zip(found[:5], TRUTH, strict=False))
    assert np.array_equal(found[5] == 1, TRUTH[5] == 1)
    for index in range(LENGTH):
        assert iou(found[index] == 2, TRUTH[index] == 2) > 0.7
    assert all(iou(found[index] == 1, TRUTH[index] == 1) > 0.7 for index in range(6, LENGTH))


def test_a_box_is_looked_into(tracker):
    box = (8 + 5, 6 + 1, 22, 20)  # of object 1 in frame 5
    results = list(propagate(tracker, numbered(), prompts(Prompt(5, box=box, object_id=9))))
    assert list(results[-1].soft) == [9]
    assert iou(results[-1].labels == 9, TRUTH[-1] == 1) > 0.7


def both_ways(tracker, given):
    back = numbered(range(given.last, -1, -1))
    return list(propagate(tracker, numbered(), given, back))


def test_backwards_alone_is_the_clip_turned_round(tracker):
    results = both_ways(tracker, prompts(Prompt(LENGTH - 1, TRUTH[-1])))
    other = Tracker(toy_model(), num_threads=1)
    expected = [other.start(FRAMES[-1], TRUTH[-1]), *(other.step(frame) for frame in FRAMES[-2::-1])]
    assert [each.index for each in results] == list(range(LENGTH))
    for each, labels in zip(results, reversed(expected), strict=True):
        assert iou(each.labels > 0, labels > 0) > 0.99  # soft maps wait in steps of 1/255
        assert all(iou(each.labels == i, TRUTH[each.index] == i) > 0.7 for i in (1, 2))


def test_between_two_frames_each_direction_counts_by_its_distance(tracker):
    """Object 1 is given in 2 and 10, object 2 only in 6: before it backwards alone, after it forwards alone."""
    given = prompts(Prompt(2, only(1, 2)), Prompt(6, only(2, 6)), Prompt(10, only(1, 10)))
    joined = both_ways(tracker, given)
    forwards = list(propagate(tracker, numbered(), given))
    backwards = {each.index: each for each in propagate(tracker, numbered(range(10, -1, -1)), given)}
    for index, each in enumerate(joined):
        share = {1: np.clip((index - 2) / 8, 0, 1) if index >= 2 else 1.0, 2: float(index < 6)}
        if index >= 10:
            share[1] = 0.0
        expected = {}
        for i in (1, 2):
            expected[i] = np.zeros(SIZE, np.float32)
            if share[i]:
                expected[i] += share[i] * backwards[index].soft[i]
            if share[i] < 1:
                expected[i] += (1 - share[i]) * forwards[index].soft[i]
        total = np.maximum(expected[1] + expected[2], 1)
        for i in (1, 2):
            np.testing.assert_allclose(each.soft[i], expected[i] / total, atol=3 / 255)
            assert iou(each.labels == i, TRUTH[index] == i) > 0.7
    for index, object_id in ((2, 1), (6, 2), (10, 1)):
        assert np.array_equal(joined[index].labels == object_id, TRUTH[index] == object_id)


def test_the_join_repairs_what_forwards_lost(tracker):
    """Object 1 is given wrongly in frame 0, and rightly in frame 8: near 8 the right one counts more."""
    wrong = np.zeros(SIZE, np.uint8)
    wrong[40:60, 70:90] = 1
    given = prompts(Prompt(0, wrong), Prompt(8, only(1, 8)))
    right = [iou(each.labels == 1, TRUTH[each.index] == 1) > 0.5 for each in both_ways(tracker, given)]
    assert right[5:] == [True] * 7 and right[:4] == [False] * 4
    forwards = [iou(each.labels == 1, TRUTH[each.index] == 1) > 0.5 for each in propagate(tracker, numbered(), given)]
    assert forwards[:8] == [False] * 8


def test_soft_maps_wait_on_disk(tmp_path):
    with (tmp_path / "maps").open("w+b") as file:
        shelf = Shelf(file)
        soft = np.linspace(0, 1, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
        shelf.put(3, {7: soft, 2: 1 - soft})
        shelf.put(2, {7: 1 - soft})
        assert shelf.get(3).keys() == {7, 2} and shelf.get(1) == {}
        np.testing.assert_allclose(shelf.get(2)[7], 1 - soft, atol=0.5 / 255 + 1e-6)
        np.testing.assert_allclose(shelf.get(3)[7], soft, atol=0.5 / 255 + 1e-6)
        np.testing.assert_allclose(shelf.get(3)[2], 1 - soft, atol=0.5 / 255 + 1e-6)
