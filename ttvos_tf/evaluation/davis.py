"""The DAVIS benchmark's protocol over J and F: which objects, which frames, and mean, recall and decay.

The numbers are those of the official davis2017-evaluation, semi-supervised task:
- the first frame (it is given) and the last one are not scored;
- the objects are the ids of the first annotation. Where an object has no predicted pixel, its mask is empty;
- void pixels (255) of an annotation are background: the official tool has a void mask, but leaves it out of this task;
- every object counts the same, however long its sequence, and J&F is the mean of J-Mean and F-Mean.

Two corners that no DAVIS sequence reaches: ids with gaps (1 and 3) are two objects, as in vos-benchmark, where the
official tool also scores an object 2 that nobody drew; and more than 256 scored frames are cut into quarters where the
official tool's 8-bit indices wrap around.

DAVIS-2016 has one object a sequence: all ids, 255 among them, are merged into id 1, in annotations and predictions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ttvos_tf.contract import VOID
from ttvos_tf.evaluation.boundary import boundary_f
from ttvos_tf.evaluation.jaccard import jaccard


@dataclass(frozen=True)
class Statistics:
    """One measure over the frames of a sequence, or its mean over objects.

    Attributes:
        mean: in [0, 1].
        recall: share of frames above 0.5.
        decay: mean of the first quarter minus mean of the last one; lower is better.
    """

    mean: float
    recall: float
    decay: float


@dataclass(frozen=True)
class Score:
    """J and F of one object in one sequence, or their mean over objects."""

    j: Statistics
    f: Statistics

    def measures(self) -> dict[str, float]:
        """The seven numbers of the benchmark, under its names and in its order."""
        return {
            "J&F-Mean": (self.j.mean + self.f.mean) / 2,
            "J-Mean": self.j.mean,
            "J-Recall": self.j.recall,
            "J-Decay": self.j.decay,
            "F-Mean": self.f.mean,
            "F-Recall": self.f.recall,
            "F-Decay": self.f.decay,
        }


def statistics(values: Sequence[float] | np.ndarray) -> Statistics:
    """Mean, recall and decay of per-frame values.

    Args:
        values: float (T,), T at least 1. Neighbouring quarters share the frame between them, as in the official tool.
    """
    values = np.asarray(values, np.float64)
    # The small term rounds halves up, where np.round alone would round them to even.
    edges = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    first, last = values[: edges[1] + 1], values[edges[3] :]
    return Statistics(
        mean=float(values.mean()), recall=float((values > 0.5).mean()), decay=float(first.mean() - last.mean())
    )


def annotated(mask: np.ndarray, year: str) -> np.ndarray:
    """An annotation as the protocol of that year ("2016" or "2017") sees it: uint8 (H, W) ids, 0 background."""
    return _merge(mask) if year == "2016" else np.where(mask == VOID, 0, mask).astype(np.uint8)


def predicted(mask: np.ndarray, year: str) -> np.ndarray:
    """A prediction as the protocol of that year ("2016" or "2017") sees it: uint8 (H, W) ids, 0 background."""
    return _merge(mask) if year == "2016" else mask


def object_ids(labels: np.ndarray) -> list[int]:
    """The ids in a label map, ascending, without background."""
    return [int(i) for i in np.unique(labels) if i]


def score_sequence(frames: Iterable[tuple[np.ndarray, np.ndarray]], ids: Sequence[int]) -> dict[int, Score]:
    """Scores every object of one sequence.

    Args:
        frames: (prediction, truth) of each scored frame, both uint8 (H, W) of one size; at least one frame.
        ids: the objects, those of the first annotation.
    """
    j: dict[int, list[float]] = {i: [] for i in ids}
    f: dict[int, list[float]] = {i: [] for i in ids}
    for prediction, truth in frames:
        for i in ids:
            j[i].append(jaccard(prediction == i, truth == i))
            f[i].append(boundary_f(prediction == i, truth == i))
    return {i: Score(statistics(j[i]), statistics(f[i])) for i in ids}


def mean_score(scores: Iterable[Score]) -> Score:
    """The benchmark's global result: every number's mean over all objects of all sequences; at least one."""
    scores = list(scores)
    return Score(_mean([s.j for s in scores]), _mean([s.f for s in scores]))


def _mean(values: list[Statistics]) -> Statistics:
    mean, recall, decay = np.mean([(v.mean, v.recall, v.decay) for v in values], axis=0).tolist()
    return Statistics(mean, recall, decay)


def _merge(mask: np.ndarray) -> np.ndarray:
    return (mask > 0).astype(np.uint8)
