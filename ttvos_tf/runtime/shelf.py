"""Soft maps that wait on disk: in memory, those of a long video would have no bound."""

import zlib
from typing import IO

import numpy as np

from ttvos_tf.media.sizes import Size

LEVELS = 255
QUICK = 1  # zlib: most of a soft map is 0 or 1, and small at any level


class Shelf:
    """Keeps soft maps in a file, open for writing and reading."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._places: dict[tuple[int, int], tuple[int, int]] = {}

    def put(self, index: int, object_id: int, soft: np.ndarray) -> None:
        """Keeps an object's map of a frame, float32 (H, W) from 0 to 1, in steps of 1/255."""
        content = zlib.compress(np.round(soft * LEVELS).astype(np.uint8).tobytes(), QUICK)
        self._places[index, object_id] = self._file.seek(0, 2), len(content)
        self._file.write(content)

    def get(self, index: int, object_id: int, size: Size) -> np.ndarray | None:
        """What was put there, float32 of that size; None if nothing was."""
        if (index, object_id) not in self._places:
            return None
        place, length = self._places[index, object_id]
        self._file.seek(place)
        levels = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
        return levels.reshape(size).astype(np.float32) / LEVELS
