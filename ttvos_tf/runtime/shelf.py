"""Soft maps that wait on disk: in memory, those of a long video would have no bound."""

import zlib
from collections.abc import Mapping
from typing import IO

import numpy as np

from ttvos_tf.media.sizes import Size, size_of

LEVELS = 255
QUICK = 1  # zlib: most of a soft map is 0 or 1, and small at any level


class Shelf:
    """Keeps soft maps in a file, open for writing and reading. In memory is only where each of them lies."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._places: dict[int, list[tuple[int, Size, int, int]]] = {}

    def put(self, index: int, soft: Mapping[int, np.ndarray]) -> None:
        """Keeps the maps of a frame, id -> float32 (H, W) from 0 to 1, in steps of 1/255."""
        for object_id, probability in soft.items():
            content = zlib.compress(np.round(probability * LEVELS).astype(np.uint8).tobytes(), QUICK)
            place = object_id, size_of(probability), self._file.seek(0, 2), len(content)
            self._places.setdefault(index, []).append(place)
            self._file.write(content)

    def get(self, index: int) -> dict[int, np.ndarray]:
        """What was put there: id -> float32 (H, W)."""
        soft = {}
        for object_id, size, start, length in self._places.get(index, ()):
            self._file.seek(start)
            levels = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
            soft[object_id] = levels.reshape(size).astype(np.float32) / LEVELS
        return soft
