"""Writes what the tests of `core` compare with: the sample clip, and what the Python runtime makes of it.

python write_reference.py OUT

OUT/clip.txt          "count height width", then a line for every case: name, model, x,y,w,h, ...; tabs between
OUT/frames.rgb        the clip's first FRAMES frames, uint8 (count, H, W, 3)
OUT/NAME.labels       the Python tracker's labels of a case, uint8 (count, H, W)
OUT/overlay.rgb       frame OVERLAY_FRAME with the labels of the first case drawn by Python, uint8 (H, W, 3)
OUT/fits.txt          "name source_height source_width model_height model_width x,y,w,h" for every size tried
OUT/NAME.frame        the model's frame, of the top left corner of the first frame: uint8 (h, w, 3)
OUT/NAME.mask         the model's mask of the box: float32 (h, w)
OUT/NAME.soft         that mask brought back: float32 (H, W)
"""

import itertools
import sys
from pathlib import Path

import numpy as np

from ttvos_tf.media.images import read_mask
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import find_model, installed
from ttvos_tf.runtime.letterbox import letterbox
from ttvos_tf.runtime.objects import Box, objects_in_boxes, objects_in_mask
from ttvos_tf.sample.render import FIRST_MASK, VIDEO

FRAMES = 40  # half of the clip: every model tracks through it twice, in Python and on the JVM
OVERLAY_FRAME = 30
# Source and model, (height, width): only padded, halved, shrunk by odd factors, upright, enlarged.
FITS = {
    "padded": ((480, 854), (480, 864)),
    "halved": ((480, 854), (240, 432)),
    "shrunk": ((480, 640), (240, 432)),
    "upright": ((471, 353), (240, 432)),
    "enlarged": ((101, 143), (240, 432)),
}


def main(out: Path) -> None:
    """Writes all of it into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    frames = np.stack([frame for _, frame in itertools.islice(open_source(VIDEO), FRAMES)])
    frames.tofile(out / "frames.rgb")
    objects = objects_in_mask(read_mask(FIRST_MASK), frames.shape[1:3])
    boxes = [_bounding_box(covered) for covered in objects.values()]

    lines = [" ".join(map(str, frames.shape[:3]))]
    for model in installed():
        path = find_model(model)
        for count in (1, 2):
            name = f"{model}_{count}"
            labels = _track(path, frames, boxes[:count])
            labels.tofile(out / f"{name}.labels")
            if len(lines) == 1:
                draw_overlay(frames[OVERLAY_FRAME], labels[OVERLAY_FRAME]).tofile(out / "overlay.rgb")
            lines.append("\t".join([name, str(path), *map(_format_box, boxes[:count])]))
    (out / "clip.txt").write_text("\n".join(lines) + "\n")

    lines = []
    for name, (source, size) in FITS.items():
        box: Box = (source[1] // 3 + 1, source[0] // 4, source[1] // 2, source[0] // 3)
        placed = letterbox(source, size)
        frame = np.ascontiguousarray(frames[0, : source[0], : source[1]])
        mask = placed.mask_to_model(objects_in_boxes([box], source)[1])
        placed.frame_to_model(frame).tofile(out / f"{name}.frame")
        mask.astype(np.float32).tofile(out / f"{name}.mask")
        np.ascontiguousarray(placed.map_to_source(mask[0, ..., 0])).tofile(out / f"{name}.soft")
        lines.append(f"{name} {source[0]} {source[1]} {size[0]} {size[1]} {_format_box(box)}")
    (out / "fits.txt").write_text("\n".join(lines) + "\n")


def _track(model: Path, frames: np.ndarray, boxes: list[Box]) -> np.ndarray:
    tracker = Tracker(model, num_threads=2)
    labels = [tracker.start(frames[0], boxes=boxes)]
    labels += [tracker.step(frame) for frame in frames[1:]]
    return np.stack(labels)


def _bounding_box(covered: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def _format_box(box: Box) -> str:
    return ",".join(f"{value:g}" for value in box)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
