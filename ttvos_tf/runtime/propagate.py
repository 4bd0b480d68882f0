"""Carries what is given of objects through a video."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ttvos_tf.runtime.prompts import Prompts
from ttvos_tf.runtime.tracker import Tracker

Frames = Iterable[tuple[int, str, np.ndarray]]
"""Index, name and picture, uint8 (H, W, 3) RGB, of frames that follow one another."""


@dataclass(frozen=True)
class Tracked:
    """A frame, and where the objects are in it.

    Attributes:
        index: of the frame, from 0.
        name: of the frame.
        frame: uint8 (H, W, 3) RGB.
        labels: uint8 (H, W), the most probable id of every pixel, 0 for the background.
        soft: id -> float32 (H, W), the probability of each object that is tracked here; not to be written to.
        seconds: how long tracking took.
    """

    index: int
    name: str
    frame: np.ndarray
    labels: np.ndarray
    soft: Mapping[int, np.ndarray]
    seconds: float


def follow(tracker: Tracker, frames: Frames, prompts: Prompts) -> Iterator[Tracked]:
    """Tracks in the order in which the frames come, which may be against time.

    An object is tracked from the first frame that comes with a mask or a box of it. What is given wins on its frame,
    and tracking goes on from it.

    Args:
        tracker: it holds the model; what it tracked before is dropped.
        frames: the video.
        prompts: what is given.

    Yields:
        Every frame; those before anything is given have no object.

    Raises:
        TTVOSError: a frame that cannot be read, or of another size than the first.
    """
    tracker.reset()
    for index, name, frame in frames:
        given, begin = prompts.at(index), time.perf_counter()
        labels = tracker.step(frame) if tracker.ids else np.zeros(frame.shape[:2], np.uint8)
        if given:
            labels = tracker.give(frame, given)
        yield Tracked(index, name, frame, labels, tracker.soft_maps, time.perf_counter() - begin)
