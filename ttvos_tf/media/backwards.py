"""Frames of a source against time, in bounded memory."""

import itertools
from collections.abc import Iterator

import numpy as np

from ttvos_tf.media.video import Seekable

HELD_BYTES = 256_000_000  # of frames at a time: 200 of 854x480


def backwards(source: Seekable, last: int) -> Iterator[tuple[int, str, np.ndarray]]:
    """Frames number `last` to 0 of a source, as (index, name, frame uint8 (H, W, 3) RGB).

    A piece of the source is decoded at a time, and held. To begin a piece, a video file is decoded from the key frame
    before it: with key frames 250 frames apart, 854x480 is decoded 1.6 times, 1920x1080 4 times.

    Raises:
        TTVOSError: a frame that cannot be read, or that has another size than the first.
    """
    stop, hold = last + 1, 1
    while stop > 0:
        first = max(stop - hold, 0)
        held = list(itertools.islice(source.since(first), stop - first))
        yield from ((index, *held[index - first]) for index in reversed(range(first, stop)))
        stop, hold = first, max(HELD_BYTES // held[0][1].nbytes, 1)
