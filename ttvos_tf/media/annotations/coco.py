"""COCO's annotations, with run lengths and an id of the track: https://cocodataset.org/#format-data

The file is written as the video goes, so that memory stays the same however long it is.
"""

import json
from pathlib import Path

import numpy as np

from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.sizes import size_of


class Coco:
    """Writes one file for a video. Image: `<frame>.png`. Category: a name. Annotation: an object in a frame."""

    def __init__(self, path: Path, names: Names):
        self._names = names
        self._images: list[dict] = []
        self._count = 0
        self._file = path.open("w")
        self._file.write('{"info": {"description": "TTVOS-TF"},\n"annotations": [')

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Appends a frame's labels, uint8 (H, W); `frame` is not looked at."""
        height, width = size_of(labels)
        image = len(self._images) + 1
        self._images.append({"id": image, "file_name": f"{name}.png", "width": width, "height": height})
        for object_id in np.unique(labels[labels > 0]).tolist():
            self._file.write(",\n" if self._count else "\n")
            self._count += 1
            mask = labels == object_id
            annotation = {
                "id": self._count,
                "image_id": image,
                "category_id": self._names.class_of(object_id),
                "track_id": object_id,
                "iscrowd": 0,
                "area": int(mask.sum()),
                "bbox": bounding_box(mask),
                "segmentation": {"size": [height, width], "counts": compressed(run_lengths(mask.T))},
            }
            self._file.write(json.dumps(annotation))

    def close(self) -> None:
        """Finishes the file."""
        categories = [
            {"id": each, "name": name, "supercategory": "object"} for name, each in self._names.classes.items()
        ]
        images = ",\n".join(map(json.dumps, self._images))
        self._file.write(f'],\n"images": [\n{images}],\n"categories": {json.dumps(categories)}}}\n')
        self._file.close()


def bounding_box(mask: np.ndarray) -> list[int]:
    """Left, top, width and height of a bool mask (H, W) that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]


def run_lengths(mask: np.ndarray) -> list[int]:
    """How many pixels of a bool mask are 0, then 1, then 0, ...; along its rows. COCO goes along columns."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = [0, *([0] if flat[0] else []), *changes.tolist(), flat.size]
    return np.diff(edges).tolist()


def compressed(counts: list[int]) -> str:
    """COCO's text of run lengths: from the fourth on, the difference to the one before the last is written.

    Each number goes in groups of five bits, the lowest first, as characters from "0" on; the sixth bit says that more
    follow.
    """
    text = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            text.append(chr(48 + (group | 32 * more)))
    return "".join(text)
