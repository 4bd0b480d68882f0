"""Files of labelme, which X-AnyLabeling opens too: https://github.com/wkentaro/labelme

A polygon each for the parts of an object; its id is the polygons' `group_id`. Holes are joined to the outline. Each is
marked as tracked, with a checksum: labelme keeps the mark, so that a polygon whose checksum does not hold any more was
changed by hand.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ttvos_tf.media.annotations.frames import write_frame
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.polygons import polygons
from ttvos_tf.media.sizes import Size, size_of

VERSION = "5.4.1"  # of the format's description: what this program reads, all later ones do
MARK = "ttvos"  # the key of a tracked shape's checksum


def tracked_shape(label: str, group_id: int, points: np.ndarray) -> dict[str, Any]:
    """A polygon, (N, 2) x and y, as labelme has it, and marked."""
    shape: dict[str, Any] = {
        "label": label,
        "points": points.astype(float).tolist(),
        "group_id": group_id,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
    }
    return {**shape, MARK: _checksum(shape)}


def is_tracked(shape: Mapping[str, Any]) -> bool:
    """Whether a shape is as it was tracked: neither drawn, changed, renamed nor locked by hand."""
    return MARK in shape and not shape.get("locked") and shape[MARK] == _checksum(shape)


def frame_annotation(image: str, size: Size, shapes: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of an annotation file of an image of that name, (height, width) in pixels."""
    return {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image,
        "imageData": None,
        "imageHeight": size[0],
        "imageWidth": size[1],
    }


def _checksum(shape: Mapping[str, Any]) -> str:
    """Of what a person may change of a shape."""
    content = [shape.get(key) for key in ("label", "group_id", "shape_type")]
    content.append(np.asarray(shape["points"], float).tolist())  # 12 or 12.0: tools differ
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


class Labelme:
    """Fills a folder with `<frame>.jpg` and `<frame>.json`."""

    def __init__(self, folder: Path, names: Names):
        self._folder, self._names = folder, names

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Writes a frame, uint8 (H, W, 3) RGB, and its labels, uint8 (H, W)."""
        shapes = [
            tracked_shape(self._names[object_id], object_id, part)
            for object_id in np.unique(labels[labels > 0]).tolist()
            for part in polygons(labels == object_id)
        ]
        content = frame_annotation(f"{name}.jpg", size_of(labels), shapes)
        write_frame(self._folder / f"{name}.jpg", frame)
        (self._folder / f"{name}.json").write_text(json.dumps(content, indent=1))

    def close(self) -> None:
        """Every frame is a file of its own: there is nothing left to do."""
