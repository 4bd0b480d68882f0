import numpy as np
import pytest

from tests.clips import clip
from tests.runtimes import RUNTIMES
from tests.toy_model import toy_model
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.scores import Recognition, Score, recognize, score
from ttvos_tf.sample.render import CAR, FIRST_MASK, VIDEO

SIZE = (20, 30)


def memory(given, given_shares, recent, recent_shares, scale=1.0):
    """A state whose keys are those directions, in degrees."""
    degrees = np.radians([*given, *recent])
    keys = scale * np.stack([np.cos(degrees), np.sin(degrees)], -1)
    shares = np.float32([*given_shares, *recent_shares])
    return {"state_memory_key": keys[None], "state_memory_mask": shares[None, :, None]}


@pytest.mark.parametrize("scale", [1.0, 127.0])
def test_what_a_state_tells(scale):
    """Given: the target at 0 and 10 degrees, the rest at 90 and 100."""
    given, shares = [0, 10, 90, 100], [1, 0.9, 0, 0]

    def told(recent, recent_shares):
        found = recognize(memory(given, shares, recent, recent_shares, scale))
        return pytest.approx([found.likeness, found.distinct], abs=1e-5)

    def cos(*degrees):
        return np.cos(np.radians(degrees)).mean()

    assert told(given, shares) == [1, 1]
    assert told([0, 30, 60, 95], [1, 1, 1, 1]) == [cos(0, 10), 0.5]
    assert told([40, 0, 0, 95], [1, 0.1, 0.1, 1]) == [cos(40, 30), 0.5], "a place of another's is not asked"
    assert told([0, 0, 60, 95], [0, 0, 0.5, 1]) == [cos(60, 50), 0]
    assert told([0, 0, 60, 0], [1, 0, 0.5, 0]) == [cos(0, 10), pytest.approx(2 / 3, abs=1e-5)], "each by its share"


def test_where_there_is_nothing_to_compare():
    assert recognize({"state_mask": np.zeros((1, 2, 2, 2))}) is None
    all_of_it = recognize(memory([0, 5], [1, 1], [90, 95], [1, 1]))
    assert all_of_it.distinct == 1 and all_of_it.likeness < 0.1
    assert recognize(memory([0, 5], [1, 0], [90, 95], [0, 0])) == Recognition(1.0, 1.0), "not seen since"
    assert recognize(memory([0, 5], [0, 0], [90, 95], [0, 0])) == Recognition(1.0, 1.0), "it covers no place"


def test_score_of_a_frame():
    covered, soft = np.zeros(SIZE, bool), np.full(SIZE, 0.1, np.float32)
    covered[3:7, 10:20], soft[3:7, 10:20] = True, 0.75
    assert score(covered, soft, None) == Score(40, (10, 3, 10, 4), 0.75, None, None, lost=False)
    for told, lost in (((0.9, 0.9), False), ((0.9, 0.1), True), ((0.4, 0.9), True)):
        assert score(covered, soft, Recognition(*told)) == Score(40, (10, 3, 10, 4), 0.75, *told, lost=lost)
    assert score(0 * covered > 0, soft, Recognition(0.9, 0.9)) == Score(0, None, 0.0, 0.9, 0.9, lost=True)
    assert score(0 * covered > 0, soft, None) == Score(0, None, 0.0, None, None, lost=True)


def test_scores_of_a_tracker_without_a_memory():
    frames, truth = clip(3, ids=(1, 2))
    tracker = Tracker(toy_model(), num_threads=1)
    assert tracker.scores == {}
    tracker.start(frames[0], truth[0])
    assert tracker.scores[1] == Score(440, (8, 6, 22, 20), 1.0, None, None, lost=False)
    labels = tracker.step(frames[1])
    scores = tracker.scores
    assert list(scores) == [1, 2]
    for i in (1, 2):
        assert scores[i].area == (labels == i).sum() and 0.5 < scores[i].probability < 1
        assert scores[i].probability == pytest.approx(tracker.probabilities[i][labels == i].mean(), abs=1e-6)
    tracker.remove_object(1)
    assert list(tracker.scores) == [2]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_cut_is_noticed(runtime):
    """The sample clip's car, then noise: something may be labelled, but nothing like the car."""
    video = [frame for _, frame in open_source(VIDEO)][:12]
    mask = (read_mask(FIRST_MASK) == CAR).astype(np.uint8)
    tracker = Tracker("mobilenet_v2_240x432_int8", num_threads=1, runtime=runtime)
    tracker.start(video[0], mask)
    assert (tracker.scores[1].likeness, tracker.scores[1].distinct) == pytest.approx((1, 1), abs=1e-3)
    for frame in video[2::3]:
        tracker.step(frame)
        assert not tracker.scores[1].lost and tracker.scores[1].likeness > 0.6
    other = np.random.default_rng(0).integers(0, 256, video[0].shape, np.uint8)
    for _ in range(6):
        tracker.step(other)
    assert tracker.scores[1].lost
    tracker.step(video[0])
    tracker.correct(video[0], mask)
    assert not tracker.scores[1].lost
