"""A data set for the segmentation models of Ultralytics YOLO: https://docs.ultralytics.com/datasets/segment/

A class is a name. The format has no tracks, no holes and one polygon an object: parts are joined by cuts of no width.
"""

import json
from pathlib import Path

import numpy as np

from ttvos_tf.media.annotations.frames import write_frame
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.polygons import joined, polygons
from ttvos_tf.media.sizes import size_of


class Yolo:
    """Fills a folder with images/, labels/ and data.yaml."""

    def __init__(self, folder: Path, names: Names):
        self._folder, self._names = folder, names
        for part in ("images", "labels"):
            (folder / part).mkdir()

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Writes a frame, uint8 (H, W, 3) RGB, and its labels, uint8 (H, W): class, then x and y of all corners."""
        lines = []
        scale = np.array(size_of(labels)[::-1])
        for object_id in np.unique(labels[labels > 0]).tolist():
            index = self._index_of(object_id)
            # From 0 to 1, a quarter into the pixel: readers that cut off the fraction or round it get the pixel.
            corners = (joined(polygons(labels == object_id)) + 0.25) / scale
            lines.append(" ".join([str(index), *(f"{value:.6f}" for value in corners.ravel())]) + "\n")
        write_frame(self._folder / "images" / f"{name}.jpg", frame)
        (self._folder / "labels" / f"{name}.txt").write_text("".join(lines))

    def close(self) -> None:
        """Writes data.yaml; a validation set is for the user to part."""
        names = "".join(f"  {index}: {json.dumps(name)}\n" for index, name in enumerate(self._names.classes))
        (self._folder / "data.yaml").write_text(f"path: .\ntrain: images\nval: images\nnames:\n{names}")

    def _index_of(self, object_id: int) -> int:
        """Classes count from 0, in the order in which they are seen."""
        first = self._names.class_of(object_id)
        return list(self._names.classes.values()).index(first)
