import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttvos_tf.evaluation.compare
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.compare import average, compare, interval, of_sequences, read_scores, sequence_of


def scores_of(values, prefix="s"):
    return {f"{prefix}{index:03d}_1": float(value) for index, value in enumerate(values)}


scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=12)


def test_reads_what_evaluate_writes(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"sequences": {"dog_1": {"J-Mean": 0.5, "F-Mean": 0.7}}, "fps": None}))
    assert read_scores(path) == {"dog_1": pytest.approx(0.6)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"sequences": []}',
        '{"sequences": {}}',
        '{"sequences": {"dog_1": 0.5}}',
        '{"sequences": {"dog_1": {"J-Mean": 0.5}}}',
        '{"sequences": {"dog_1": {"J-Mean": null, "F-Mean": 0.5}}}',
        '{"sequences": {"dog_1": {"J-Mean": NaN, "F-Mean": 0.5}}}',
        '{"sequences": {"dog_1": {"J-Mean": 75.0, "F-Mean": 80.0}}}',
    ],
)
def test_files_without_scores_are_named(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(TTVOSError, match=r"a\.json: (holds no scores|not valid JSON)"):
        read_scores(path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(TTVOSError, match=r"none\.json: no such file"):
        read_scores(tmp_path / "none.json")


def test_runs_are_averaged_and_sets_joined():
    runs = {Path("a"): {"x_1": 0.2, "y_1": 0.4}, Path("b"): {"y_1": 0.8, "x_1": 0.4}, Path("c"): {"z_1": 0.1}}
    assert average(runs) == pytest.approx({"x_1": 0.3, "y_1": 0.6, "z_1": 0.1})


def test_a_run_that_broke_off_is_refused():
    with pytest.raises(TTVOSError, match=r"a: scores other objects than b, such as y_1"):
        average({Path("a"): {"x_1": 0.2, "y_1": 0.4}, Path("b"): {"x_1": 0.4}})


def test_sides_must_score_the_same():
    with pytest.raises(TTVOSError, match="y_1: ours lack this object"):
        compare({"x_1": 0.2}, {"x_1": 0.2, "y_1": 0.5})
    with pytest.raises(TTVOSError, match="y_1: theirs lack this object"):
        compare({"x_1": 0.2, "y_1": 0.5}, {"x_1": 0.2})


def test_interval_equals_all_resamples_enumerated():
    """Of four sequences there are only 256 resamples: the exact percentiles are known."""
    differences, counts = np.array([0.01, 0.24, -0.09, 0.33]), np.array([1, 3, 1, 2])
    sums = differences * counts
    means = [sums[list(draw)].sum() / counts[list(draw)].sum() for draw in itertools.product(range(4), repeat=4)]
    mean = sums.sum() / counts.sum()
    expected = mean + np.sqrt(4 / 3) * (np.quantile(means, [0.025, 0.975]) - mean)
    assert interval(sums, counts) == pytest.approx(expected, abs=0.012)


def test_interval_of_a_known_distribution():
    """Of many normal differences the interval is the textbook's: mean -+ 1.96 standard errors."""
    values = np.random.default_rng(0).normal(0.02, 0.1, 200)
    error = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert interval(values, np.ones(200, int)) == pytest.approx(
        (values.mean() - error, values.mean() + error), abs=error / 15
    )


@pytest.mark.parametrize(("n", "least"), [(42, 0.91), (7, 0.83)])
def test_interval_holds_the_truth_as_often_as_it_says(monkeypatch, n, least):
    """A little less often for few sequences, as the docstring admits. 200 trials: a standard error of 1.5 %."""
    monkeypatch.setattr(ttvos_tf.evaluation.compare, "DRAWS", 1000)
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        low, high = interval(rng.normal(0.03, 0.1, n), np.ones(n, int))
        held += low <= 0.03 <= high
    assert least <= held / 200 <= 0.985


def test_objects_of_a_sequence_go_together():
    """Ten objects of two sequences are two observations, not ten: the interval is as wide as the sequences differ."""
    ours = {f"{name}_{i}": value for name, value in (("a", 0.5), ("b", 0.9)) for i in range(1, 6)}
    result = compare(ours, dict.fromkeys(ours, 0.5))
    assert result.sequences == 2
    assert result.difference == pytest.approx(0.2)
    assert (result.low, result.high) == pytest.approx((0.2 - 0.2 * 2**0.5, 0.2 + 0.2 * 2**0.5))
    assert result.verdict == "cannot tell"


def test_every_object_counts_the_same():
    ours = {"a_1": 0.9, "a_2": 0.9, "a_3": 0.9, "b_1": 0.1}
    assert compare(ours, dict.fromkeys(ours, 0.5)).difference == pytest.approx((3 * 0.4 - 0.4) / 4)


def test_verdicts():
    rng = np.random.default_rng(0)
    theirs = rng.uniform(0.3, 0.8, 40)
    for shift, verdict in ((0.05, "better"), (-0.05, "worse"), (0.0, "cannot tell")):
        noise = rng.normal(0, 0.05, 40)
        assert compare(scores_of(theirs + shift + noise - noise.mean()), scores_of(theirs)).verdict == verdict
    assert compare(scores_of([1.0]), scores_of([0.0])).verdict == "cannot tell"  # one sequence tells nothing
    assert compare(scores_of(theirs), scores_of(theirs)).verdict == "cannot tell"


@given(scores)
@settings(max_examples=30, deadline=None)
def test_the_other_way_round_is_the_negative(pairs):
    ours, theirs = map(scores_of, zip(*pairs, strict=True))
    one, other = compare(ours, theirs), compare(theirs, ours)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert one.difference == pytest.approx(-other.difference, abs=1e-12)
    assert one.low - 1e-9 <= one.difference <= one.high + 1e-9


@given(scores, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_order_does_not_matter(pairs, random):
    ours, theirs = map(scores_of, zip(*pairs, strict=True))
    shuffled = list(ours)
    random.shuffle(shuffled)
    assert compare({name: ours[name] for name in shuffled}, theirs) == compare(ours, theirs)


@given(scores, st.floats(-0.5, 0.5))
@settings(max_examples=30, deadline=None)
def test_a_shift_of_all_shifts_the_interval(pairs, shift):
    ours, theirs = map(scores_of, zip(*pairs, strict=True))
    before = compare(ours, theirs)
    after = compare({name: value + shift for name, value in ours.items()}, theirs)
    assert (after.low, after.high) == pytest.approx((before.low + shift, before.high + shift), abs=1e-9)


def test_names_of_sequences():
    assert sequence_of("car-shadow_1") == "car-shadow"
    assert sequence_of("a_b_12") == "a_b"
    assert sequence_of("plain") == "plain"
    assert of_sequences({"a_1": 0.1, "a_2": 0.2, "b_1": 0.3}, ["a", "c"]) == {"a_1": 0.1, "a_2": 0.2}
