"""A paletted PNG a frame: pixel value = id of the object."""

from pathlib import Path

import numpy as np

from ttvos_tf.media.images import write_mask


class Masks:
    """Fills a folder with `<frame>.png`."""

    def __init__(self, folder: Path, source: str):
        """Begins; `source` is what `media.images.source_of` will say of the masks."""
        self._folder, self._source = folder, source

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Writes a frame's labels, uint8 (H, W); `frame` is not looked at."""
        write_mask(self._folder / f"{name}.png", labels, self._source)

    def close(self) -> None:
        """Every frame is a file of its own: there is nothing left to do."""
