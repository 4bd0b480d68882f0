"""How an object fares in a frame, and whether it is probably lost. Ours, not the paper's.

The probability does not tell: a network is as sure of what it took for the target by mistake. The memory does. It holds
the keys of the frame in which the object was given, and those of a recent frame, with the network's own mask
(network/memory.py). So the object as it is tracked can be compared with the object as it was given. docs/correct.md has
the rule's precision and recall.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

# A place is the object's from half of the largest share that any has, and is another's below a twentieth of the place.
OWN, OTHER = 0.5, 0.05
LEAST_LIKENESS, LEAST_DISTINCT = 0.45, 0.2


@dataclass(frozen=True)
class Recognition:
    """How an object as it was tracked lately compares with the object as it was given.

    Attributes:
        likeness: how well the given object's places are found again: mean of each one's best cosine, 1 for the same.
        distinct: share of its recent places that look more like the given object than like the rest of that frame.
    """

    likeness: float
    distinct: float


@dataclass(frozen=True)
class Score:
    """What is seen of an object in a frame.

    Attributes:
        area: pixels that are labelled as the object.
        box: (x, y, width, height) around them in pixels, None if there is none.
        probability: mean over them, 0 to 1; 0 if there is none.
        likeness, distinct: see Recognition. They are renewed every few frames, while the object is in sight. None if
            the model has no memory.
        lost: whether the object is probably not there, or something else is labelled: nothing is labelled, `likeness`
            is below LEAST_LIKENESS, or `distinct` is below LEAST_DISTINCT.
    """

    area: int
    box: tuple[int, int, int, int] | None
    probability: float
    likeness: float | None
    distinct: float | None
    lost: bool


def score(covered: np.ndarray, soft: np.ndarray, recognition: Recognition | None) -> Score:
    """The score of an object.

    Args:
        covered: bool (H, W), where it is labelled.
        soft: float32 (H, W), its probability.
        recognition: None if the model has no memory.
    """
    area = int(np.count_nonzero(covered))
    x, y, width, height = cv2.boundingRect(covered.view(np.uint8))
    box = (x, y, width, height) if area else None
    probability = float(soft[covered].mean()) if area else 0.0
    if recognition is None:
        return Score(area, box, probability, None, None, lost=not area)
    likeness, distinct = recognition.likeness, recognition.distinct
    lost = not area or likeness < LEAST_LIKENESS or distinct < LEAST_DISTINCT
    return Score(area, box, probability, likeness, distinct, lost)


def score_all(
    labels: np.ndarray, soft: Mapping[int, np.ndarray], recognition: Mapping[int, Recognition | None]
) -> dict[int, Score]:
    """Id -> score of all objects of a frame.

    Args:
        labels: uint8 (H, W).
        soft: id -> float32 (H, W).
        recognition: by id, as for `score`.
    """
    return {object_id: score(labels == object_id, soft[object_id], recognition[object_id]) for object_id in soft}


def recognize(state: Mapping[str, np.ndarray]) -> Recognition | None:
    """What an object's state tells: 1 and 1 in the frame in which it was given; None without a memory."""
    if "state_memory_key" not in state:
        return None
    keys, shares = state["state_memory_key"][0].astype(np.float32), state["state_memory_mask"][0, :, 0]
    keys /= np.linalg.norm(keys, axis=1, keepdims=True) + 1e-6  # int8 files count them in steps of one scale
    given, recent = np.split(keys, 2)
    given_shares, recent_shares = np.split(shares, 2)
    target, rest = given[_is_own(given_shares)], given[given_shares < OTHER]
    own = _is_own(recent_shares)
    if not (len(target) and own.any()):  # it covers no place, or has not been seen since
        return Recognition(1.0, 1.0)
    cosine = recent[own] @ target.T
    likeness, distinct = float(cosine.max(0).mean()), 1.0
    if len(rest):
        weights = recent_shares[own]
        distinct = float(weights @ (cosine.max(1) > (recent[own] @ rest.T).max(1)) / weights.sum())
    return Recognition(likeness, distinct)


def recognize_all(states: Mapping[int, Mapping[str, np.ndarray]]) -> dict[int, Recognition | None]:
    """Id -> `recognize`, of the objects' states by their ids."""
    return {object_id: recognize(state) for object_id, state in states.items()}


def _is_own(shares: np.ndarray) -> np.ndarray:
    """Which places are the object's, of the target's share of each: bool (P/2,)."""
    return (shares > 0) & (shares >= OWN * shares.max())
