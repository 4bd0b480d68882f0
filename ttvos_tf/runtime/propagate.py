"""Carries what is given of objects through a video."""

import bisect
import dataclasses
import functools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.media.sizes import size_of
from ttvos_tf.runtime.aggregation import most_probable
from ttvos_tf.runtime.interpreter import Tensors
from ttvos_tf.runtime.prompts import Prompts
from ttvos_tf.runtime.scores import Recognition, Score, recognize_all, score_all
from ttvos_tf.runtime.shelf import Shelf
from ttvos_tf.runtime.tracker import Tracker

Frames = Iterable[tuple[int, str, np.ndarray]]
"""Index, name and picture, uint8 (H, W, 3) RGB, of frames that follow one another, in either order."""


@dataclass(frozen=True)
class Tracked:
    """A frame, and where the objects are in it.

    Attributes:
        index: of the frame, from 0.
        name: of the frame.
        frame: uint8 (H, W, 3) RGB.
        labels: uint8 (H, W), the most probable id of every pixel, 0 for the background.
        soft: id -> float32 (H, W), the probability of each object that is tracked here; not to be written to.
        recognize: gives by id how the object compares with what was given of it, None if the model has no memory. It
            takes some milliseconds, so it is called for scores alone.
        seconds: how long tracking took, in both directions.
        states: id -> the object's state after this frame, to go on from; empty if both directions are joined.
    """

    index: int
    name: str
    frame: np.ndarray
    labels: np.ndarray
    soft: Mapping[int, np.ndarray]
    recognize: Callable[[], Mapping[int, Recognition | None]]
    seconds: float
    states: Mapping[int, Tensors] = dataclasses.field(default_factory=dict)

    @property
    def scores(self) -> dict[int, Score]:
        """Id -> how each of these objects fares."""
        return score_all(self.labels, self.soft, self.recognize())


def propagate(
    tracker: Tracker,
    frames: Frames,
    prompts: Prompts,
    back: Frames | None = None,
    folder: Path | None = None,
    states: Mapping[int, Tensors] | None = None,
) -> Iterator[Tracked]:
    """Tracks forwards and, if `back` is given, backwards.

    What is given wins on its frame. Between two frames in which an object is given, both directions are joined: each
    counts by how near the frame is to where that direction began. Before the first of them is what was tracked
    backwards alone, after the last what was tracked forwards alone.

    Args:
        tracker: it holds the model; what it tracked before is dropped.
        frames: the video, from frame 0 on.
        prompts: what is given.
        back: the video from frame `prompts.last` down to 0 (media/backwards.py). They are read first, all of them.
        folder: where soft maps wait for the other direction, on disk; None: where temporary files are.
        states: to go on from: `Tracked.states` of the frame before the first of `frames`, without `back`.

    Yields:
        Every frame. Where an object is not tracked, it is not in `soft`.

    Raises:
        TTVOSError: a frame that cannot be read, or of another size than the first.
    """
    if back is None:
        yield from _follow(tracker, frames, prompts, states)
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        shelf = Shelf(file)
        waiting: dict[int, tuple[Mapping[int, Recognition | None], float]] = {}
        for tracked in _follow(tracker, back, prompts):
            wanted = {i: soft for i, soft in tracked.soft.items() if _share_of_back(prompts.frames[i], tracked.index)}
            shelf.put(tracked.index, wanted)
            # At once: until the way forwards begins, states would fill the memory.
            waiting[tracked.index] = tracked.recognize(), tracked.seconds
        for tracked in _follow(tracker, frames, prompts):
            recognition, seconds = waiting.get(tracked.index, ({}, 0.0))
            yield _joined(tracked, shelf.get(tracked.index), recognition, seconds, prompts)


def _follow(
    tracker: Tracker, frames: Frames, prompts: Prompts, states: Mapping[int, Tensors] | None = None
) -> Iterator[Tracked]:
    """Tracks in the order in which the frames come; each object from the first frame in which it is given."""
    tracker.reset()
    if states:
        tracker.resume(prompts.size, states)
    for index, name, frame in frames:
        given, begin = prompts.at(index), time.perf_counter()
        labels = tracker.step(frame) if tracker.ids else np.zeros(frame.shape[:2], np.uint8)
        if given:
            labels = tracker.give(frame, given)
        seconds = time.perf_counter() - begin
        states = tracker.states
        recognize = functools.partial(recognize_all, states)
        yield Tracked(index, name, frame, labels, tracker.soft_maps, recognize, seconds, states)


def _joined(
    forwards: Tracked,
    back: Mapping[int, np.ndarray],
    back_recognition: Mapping[int, Recognition | None],
    back_seconds: float,
    prompts: Prompts,
) -> Tracked:
    """A frame with both directions joined; `back` has the soft maps of those objects that need them."""
    soft, better_back = dict(forwards.soft), {}
    for object_id, map_back in back.items():
        share = _share_of_back(prompts.frames[object_id], forwards.index)
        soft[object_id] = share * map_back + (1 - share) * soft.get(object_id, np.float32(0))
        if share > 0.5:
            better_back[object_id] = back_recognition[object_id]
    # Two objects that were tracked in different directions have not been told of each other.
    total = np.maximum(sum(soft.values()), 1)
    soft = {object_id: probability / total for object_id, probability in soft.items()}
    labels, seconds = most_probable(soft, size_of(forwards.labels)), forwards.seconds + back_seconds

    def recognize() -> dict[int, Recognition | None]:
        return {**forwards.recognize(), **better_back}

    return dataclasses.replace(forwards, labels=labels, soft=soft, recognize=recognize, seconds=seconds, states={})


def _share_of_back(frames: Sequence[int], index: int) -> float:
    """How much of an object's soft map is what was tracked backwards, 0 to 1.

    Args:
        frames: those in which the object is given, ascending.
        index: of the frame that is asked about.
    """
    after = bisect.bisect(frames, index)
    if after == len(frames):
        return 0.0
    if after == 0:
        return 1.0
    return (index - frames[after - 1]) / (frames[after] - frames[after - 1])
