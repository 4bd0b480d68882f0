"""The formats by name, and what each writes: a file or a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ttvos_tf.media.annotations.coco import Coco
from ttvos_tf.media.annotations.cvat import Cvat
from ttvos_tf.media.annotations.labelme import Labelme
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.yolo import Yolo


class Annotations(Protocol):
    """What is written of a video's labels, frame by frame."""

    def add(self, name: str, frame: np.ndarray, labels: np.ndarray) -> None:
        """Appends a frame: its name, uint8 (H, W, 3) RGB, and ids of its pixels, uint8 (H, W), 0 background."""

    def close(self) -> None:
        """Finishes what is written."""


@dataclass(frozen=True)
class Format:
    """How a format is written.

    Attributes:
        begin: from a file to be written, or an empty folder, and names to `Annotations`.
        suffix: of its one file; "" if it is a folder of files.
    """

    begin: Callable[[Path, Names], Annotations]
    suffix: str


FORMATS = {
    "coco": Format(Coco, ".json"),
    "yolo": Format(Yolo, ""),
    "labelme": Format(Labelme, ""),
    "cvat": Format(Cvat, ".xml"),
}
