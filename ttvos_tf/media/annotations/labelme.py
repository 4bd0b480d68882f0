"""Files of labelme, which X-AnyLabeling opens too: https://github.com/wkentaro/labelme

A polygon each for the parts of an object; its id is the polygons' `group_id`. Holes are joined to the outline.
"""

import json
from pathlib import Path

import numpy as np

from ttvos_tf.media.annotations.frames import write_frame
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.polygons import polygons
from ttvos_tf.media.sizes import size_of

VERSION = "5.4.1"  # of the format's description: what this program reads, all later ones do


class Labelme:
    """Fills a folder with `<frame>.jpg` and `<frame>.json`."""

    def __init__(self, folder: Path, names: Names):
        self._folder, self._names = folder, names

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Writes a frame, uint8 (H, W, 3) RGB, and its labels, uint8 (H, W)."""
        height, width = size_of(labels)
        shapes = [
            {
                "label": self._names[object_id],
                "points": part.astype(float).tolist(),
                "group_id": object_id,
                "description": "",
                "shape_type": "polygon",
                "flags": {},
            }
            for object_id in np.unique(labels[labels > 0]).tolist()
            for part in polygons(labels == object_id)
        ]
        content: dict[str, object] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": f"{name}.jpg",
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        write_frame(self._folder / f"{name}.jpg", frame)
        (self._folder / f"{name}.json").write_text(json.dumps(content, indent=1))

    def close(self) -> None:
        """Every frame is a file of its own: there is nothing left to do."""
