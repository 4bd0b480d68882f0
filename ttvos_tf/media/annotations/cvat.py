"""CVAT's XML 1.1 for videos: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/

A track is an object. CVAT tracks no masks, but polygons, one a frame: parts and holes are joined by cuts of no width.
"""

import shutil
import tempfile
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.polygons import joined, polygons
from ttvos_tf.media.sizes import Size, size_of


class Cvat:
    """Writes one file for a video, to be uploaded to a task of the same video."""

    def __init__(self, path: Path, names: Names):
        self._path, self._names = path, names
        self._frames = 0
        self._size: Size = (0, 0)
        # The file has one object after the other, the video has one frame after the other.
        self._tracks: dict[int, IO[str]] = {}
        self._shown: dict[int, str] = {}

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Appends a frame's labels, uint8 (H, W); `frame` is not looked at, and `name` is not written: frames count."""
        self._size = size_of(labels)
        seen = np.unique(labels[labels > 0]).tolist()
        for object_id in self._shown.keys() - seen:
            self._append(object_id, self._shown.pop(object_id), outside=1)
        for object_id in seen:
            # Its middle is half a pixel from a pixel's corner, where CVAT counts from.
            corners = joined(polygons(labels == object_id)) + 0.5
            self._shown[object_id] = ";".join(f"{x:.2f},{y:.2f}" for x, y in corners)
            self._append(object_id, self._shown[object_id], outside=0)
        self._frames += 1

    def close(self) -> None:
        """Puts the tracks together."""
        with self._path.open("w") as file:
            file.write(f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n{self._meta()}')
            for index, (object_id, track) in enumerate(sorted(self._tracks.items())):
                name = quoteattr(self._names[object_id])
                file.write(f'<track id="{index}" label={name} source="auto">\n')
                track.seek(0)
                shutil.copyfileobj(track, file)
                track.close()
                file.write("</track>\n")
            file.write("</annotations>\n")

    def _append(self, object_id: int, points: str, outside: int) -> None:
        if object_id not in self._tracks:
            self._tracks[object_id] = tempfile.TemporaryFile("w+")  # noqa: SIM115 (it ends with its last reference)
        state = f'frame="{self._frames}" keyframe="1" outside="{outside}" occluded="0" z_order="0"'
        self._tracks[object_id].write(f'<polygon {state} points="{points}"/>\n')

    def _meta(self) -> str:
        names = sorted({self._names[object_id] for object_id in self._tracks})
        labels = "".join(f"<label><name>{escape(name)}</name><attributes/></label>" for name in names)
        height, width = self._size
        return (
            f"<meta><task><size>{self._frames}</size><mode>interpolation</mode>"
            f"<start_frame>0</start_frame><stop_frame>{max(0, self._frames - 1)}</stop_frame>"
            f"<labels>{labels}</labels>"
            f"<original_size><width>{width}</width><height>{height}</height></original_size></task></meta>\n"
        )
