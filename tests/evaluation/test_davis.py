import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vos_benchmark.evaluator import Evaluator

from ttvos_tf.evaluation.davis import annotated, mean_score, object_ids, predicted, score_sequence, statistics


def blobs(rng, ids, height=60, width=90):
    """A label map with an ellipse of each id, cut off at the borders here and there."""
    y, x = np.mgrid[:height, :width]
    labels = np.zeros((height, width), np.uint8)
    for i in ids:
        cy, cx, ry, rx = rng.uniform([0, 0, 4, 4], [height, width, height / 2, width / 2])
        labels[((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1] = i
    return labels


def peer(frames):
    """J and F of every object in percent, by vos-benchmark."""
    evaluator = Evaluator()
    # It only counts an object from the first frame on where it has seen it: two ids are made known beforehand.
    evaluator.objects_in_gt.update(*(object_ids(truth) for _, truth in frames))
    for prediction, truth in frames:
        evaluator.feed_frame(prediction, truth)
    return evaluator.conclude()


def assert_equal_to_peer(frames):
    ids = sorted(set().union(*(object_ids(truth) for _, truth in frames)))
    scores = score_sequence(frames, ids)
    j, f = peer(frames)
    assert set(j) == set(scores) == set(ids) and ids
    for i, score in scores.items():
        assert score.j.mean == pytest.approx(j[i] / 100, abs=1e-6)
        assert score.f.mean == pytest.approx(f[i] / 100, abs=1e-6)


@pytest.mark.parametrize("ids", [(1,), (1, 2, 3), (2, 5, 200)])
@pytest.mark.parametrize("seed", range(4))
def test_equals_vos_benchmark_on_random_masks(seed, ids):
    rng = np.random.default_rng(seed)
    assert_equal_to_peer([(blobs(rng, ids), blobs(rng, ids)) for _ in range(5)])


@pytest.mark.parametrize("seed", range(4))
def test_equals_vos_benchmark_on_noise(seed):
    rng = np.random.default_rng(seed)
    assert_equal_to_peer([tuple(rng.integers(0, 4, (2, 37, 53), np.uint8)) for _ in range(3)])


def test_equals_vos_benchmark_at_480p():
    rng = np.random.default_rng(0)
    assert_equal_to_peer([(blobs(rng, (1, 2), 480, 854), blobs(rng, (1, 2), 480, 854)) for _ in range(2)])


def degenerate_frames():
    rng = np.random.default_rng(7)
    some, other = blobs(rng, (1, 2)), blobs(rng, (1, 2))
    empty, full = np.zeros_like(some), np.ones_like(some)
    one_pixel, corners = empty.copy(), empty.copy()
    one_pixel[30, 40] = 1
    corners[0, 0] = corners[-1, -1] = corners[0, -1] = corners[-1, 0] = 1
    borders = empty.copy()
    borders[:, :7], borders[:, -7:], borders[:5], borders[-5:] = 1, 1, 2, 2
    missing = np.where(some == 2, 0, some).astype(np.uint8)
    named = {
        "some": some, "other": other, "empty": empty, "full": full, "one_pixel": one_pixel, "corners": corners,
        "borders": borders, "missing": missing,
    }  # fmt: skip
    return [pytest.param(p, t, id=f"{a}-for-{b}") for a, p in named.items() for b, t in named.items()]


@pytest.mark.parametrize(("prediction", "truth"), degenerate_frames())
def test_equals_vos_benchmark_on_degenerate_masks(prediction, truth):
    anchor = blobs(np.random.default_rng(8), (1, 2))
    assert_equal_to_peer([(anchor, anchor), (prediction, truth)])


def test_void_is_background_in_2017_and_the_object_in_2016():
    annotation = np.array([[0, 1, 2, 255]], np.uint8)
    assert annotated(annotation, "2017").tolist() == [[0, 1, 2, 0]]
    assert annotated(annotation, "2016").tolist() == [[0, 1, 1, 1]]
    # A prediction of 255 is no void: in 2017 it is one more object, for the reader to refuse.
    assert predicted(annotation, "2017").tolist() == [[0, 1, 2, 255]]
    assert predicted(annotation, "2016").tolist() == [[0, 1, 1, 1]]


def test_void_equals_vos_benchmark_with_void_as_background():
    rng = np.random.default_rng(3)
    frames = [(blobs(rng, (1, 2)), blobs(rng, (1, 2, 255))) for _ in range(4)]
    assert any((truth == 255).any() for _, truth in frames)
    assert_equal_to_peer([(prediction, annotated(truth, "2017")) for prediction, truth in frames])


def test_2016_equals_vos_benchmark_on_merged_masks():
    rng = np.random.default_rng(4)
    frames = [(blobs(rng, (1, 2)), blobs(rng, (255,))) for _ in range(4)]
    assert_equal_to_peer([(predicted(p, "2016"), annotated(t, "2016")) for p, t in frames])


def test_object_ids():
    assert object_ids(np.array([[0, 7, 2], [2, 0, 9]], np.uint8)) == [2, 7, 9]
    assert object_ids(np.zeros((2, 2), np.uint8)) == []


def test_missing_object_scores_zero_while_it_is_there_and_one_after_it_left():
    there, gone = np.array([[1, 1, 0, 0]] * 4, np.uint8), np.zeros((4, 4), np.uint8)
    score = score_sequence([(gone, there), (gone, gone)], [1])[1]
    assert (score.j.mean, score.f.mean, score.j.recall) == (0.5, 0.5, 0.5)


# Frames of a sequence, and the official tool's quarters in 1-based frame numbers, both ends included; by hand.
QUARTERS = {
    1: ((1, 1), (1, 1)),
    2: ((1, 1), (2, 2)),
    3: ((1, 2), (3, 3)),  # 1.5 -> 2 and 2.5 -> 3: halves go up
    4: ((1, 2), (3, 4)),
    5: ((1, 2), (4, 5)),
    7: ((1, 3), (6, 7)),  # 2.5 -> 3 and 5.5 -> 6
    48: ((1, 13), (36, 48)),  # 12.75 and 36.25
    80: ((1, 21), (60, 80)),  # 20.75 and 60.25
    301: ((1, 76), (226, 301)),
}


@pytest.mark.parametrize("length", QUARTERS)
def test_decay_by_quarters(length):
    values = np.random.default_rng(length).random(length)
    (a, b), (c, d) = QUARTERS[length]
    expected = values[a - 1 : b].mean() - values[c - 1 : d].mean()
    assert statistics(values).decay == pytest.approx(expected, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=120))
def test_statistics(values):
    result = statistics(values)
    assert result.mean == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert result.recall == pytest.approx(sum(v > 0.5 for v in values) / len(values))
    # The edges in whole numbers: 1 + q (T - 1) / 4, halves rounded up.
    edges = [(2 * (4 + q * (len(values) - 1)) + 4) // 8 for q in range(5)]
    first, last = values[: edges[1]], values[edges[3] - 1 :]
    assert result.decay == pytest.approx(sum(first) / len(first) - sum(last) / len(last), abs=1e-9)


def test_recall_counts_only_above_one_half():
    assert statistics([0.5, 0.5, 0.51, 1.0]).recall == 0.5


def test_global_score_is_the_mean_over_objects_not_over_frames():
    full, empty = np.ones((6, 6), np.uint8), np.zeros((6, 6), np.uint8)
    full[0] = 0
    long = score_sequence([(full, full)] * 9, [1])[1]
    short = score_sequence([(empty, full)], [1])[1]
    measures = mean_score([long, short]).measures()
    assert list(measures) == ["J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay"]
    assert measures["J&F-Mean"] == measures["J-Mean"] == measures["F-Mean"] == 0.5
