"""Is one network better than another? Scores of the same sequences, their differences, and how sure one can be.

A score is the J&F of one object, of `ttvos evaluate --json`. Runs (seeds, checkpoints) are averaged first, then the
sequences of both sides are compared in pairs. The interval is a bootstrap over sequences: it says what other sequences
of the same kind would have given. It says nothing about other seeds than those averaged: give several.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json

Scores = dict[str, float]  # `<sequence>_<id>` -> J&F, 0 to 1

DRAWS = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """Ours against theirs.

    Attributes:
        sequences: how many were compared.
        ours: mean J&F over objects, 0 to 1.
        theirs: the same.
        low: lower end of the interval for ours minus theirs.
        high: its upper end.
    """

    sequences: int
    ours: float
    theirs: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Ours minus theirs."""
        return self.ours - self.theirs

    @property
    def verdict(self) -> str:
        """What the interval allows to say of ours."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "cannot tell"


def read_scores(path: Path) -> Scores:
    """The scores in a file of `ttvos evaluate --json`.

    Raises:
        TTVOSError: the file is missing or holds no scores.
    """
    report = read_json(path)
    try:
        rows = report["sequences"]
        scores = {name: (float(row["J-Mean"]) + float(row["F-Mean"])) / 2 for name, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise TTVOSError(f"{path}: holds no scores; ttvos evaluate --json writes such files") from None
    if not scores or not all(0 <= score <= 1 for score in scores.values()):
        raise TTVOSError(f"{path}: holds no scores from 0 to 1")
    return scores


def average(runs: Mapping[Path, Scores]) -> Scores:
    """Each object's mean over the runs that have it. Runs of several data sets are joined.

    Raises:
        TTVOSError: two runs share some objects but not all: one is of another split, or broken off.
    """
    values: dict[str, list[float]] = {}
    for path, run in runs.items():
        for other_path, other in runs.items():
            if not other.keys().isdisjoint(run) and (odd := other.keys() ^ run.keys()):
                raise TTVOSError(f"{path}: scores other objects than {other_path}, such as {min(odd)}")
        for name, score in run.items():
            values.setdefault(name, []).append(score)
    return {name: float(np.mean(scores)) for name, scores in values.items()}


def compare(ours: Scores, theirs: Scores, seed: int = 0) -> Comparison:
    """Compares two sides that scored the same objects.

    Sequences are drawn with replacement, not objects: those of one sequence go right or wrong together. The percentile
    interval of n sequences is widened by sqrt(n / (n - 1)), for the bootstrap takes the sequences' own spread, which is
    too small by that. With fewer than ten sequences the interval still is somewhat narrow; with one it is all there is.

    Args:
        ours: at least one.
        theirs: the same objects.
        seed: of the draws.

    Raises:
        TTVOSError: an object that one side lacks.
    """
    if odd := ours.keys() ^ theirs.keys():
        side = "ours lack" if min(odd) in theirs else "theirs lack"
        raise TTVOSError(f"{min(odd)}: {side} this object; compare runs on the same sequences")
    differences: dict[str, list[float]] = {}
    for name in sorted(ours):
        differences.setdefault(sequence_of(name), []).append(ours[name] - theirs[name])
    low, high = interval(
        [sum(each) for each in differences.values()], [len(each) for each in differences.values()], seed
    )
    mean_ours, mean_theirs = (float(np.mean([side[name] for name in sorted(ours)])) for side in (ours, theirs))
    return Comparison(len(differences), mean_ours, mean_theirs, low, high)


def interval(sums: Iterable[float], counts: Iterable[int], seed: int = 0) -> tuple[float, float]:
    """The bootstrap interval of sum(sums) / sum(counts), both drawn together with replacement; see `compare`."""
    totals = np.array([*zip(sums, counts, strict=True)], np.float64)
    n = len(totals)
    if n == 1:
        return -1.0, 1.0
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    drawn = times @ totals
    ends = np.quantile(drawn[:, 0] / drawn[:, 1], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    mean = totals[:, 0].sum() / totals[:, 1].sum()
    low, high = mean + np.sqrt(n / (n - 1)) * (ends - mean)
    return float(low), float(high)


def sequence_of(name: str) -> str:
    """The sequence of an object, `<sequence>_<id>`."""
    return name.rpartition("_")[0] or name


def of_sequences(scores: Scores, sequences: Iterable[str]) -> Scores:
    """The scores of some sequences' objects; sequences without scores are left out."""
    wanted = set(sequences)
    return {name: score for name, score in scores.items() if sequence_of(name) in wanted}
