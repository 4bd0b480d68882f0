"""Annotation files of labelme as a tracker needs them: what is given of each object in a frame."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json
from ttvos_tf.limits import is_whole
from ttvos_tf.media.annotations.labelme import frame_annotation, is_tracked
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.sizes import Size
from ttvos_tf.runtime.objects import FARTHEST, Given

CORNERS = {"rectangle": 2, "circle": 2, "mask": 2, "oriented_rectangle": 4, "polygon": None}
"""The shapes that cover an area, and how many points each has; lines and points are left as they are."""

Shape = dict[str, Any]
"""A shape as the file has it."""


@dataclass(frozen=True)
class Object:
    """An object of a video, as labelme tells them apart.

    Attributes:
        label: what it is.
        group: which of those it is: the shape's `group_id`.
    """

    label: str
    group: int

    def __str__(self) -> str:
        return f"{self.label} {self.group}"


def read_annotation(path: Path, image: str, size: Size) -> dict[str, Any]:
    """The content of an annotation file; an empty one if there is none yet.

    Args:
        path: the file.
        image: name of the image that it is of.
        size: (height, width) of that image.

    Raises:
        TTVOSError: it is another image's, or none of labelme's.
    """
    if not path.exists():
        return frame_annotation(image, size, [])
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise TTVOSError(f"{path}: is no annotation of labelme: it has no shapes")
    if PureWindowsPath(str(content.get("imagePath"))).name != image:
        raise TTVOSError(f"{path}: is the annotation of {content.get('imagePath')}, not of {image}")
    for index, shape in enumerate(content["shapes"]):
        if not _is_sound(shape):
            raise TTVOSError(f"{path}: shapes[{index}] is no shape of labelme")
    return content


def write_annotation(path: Path, content: Mapping[str, Any]) -> None:
    """Writes an annotation file, whole or not at all.

    Raises:
        TTVOSError: it cannot be written.
    """
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")


def object_of(shape: Shape) -> Object | None:
    """Whose shape it is; None if it covers no area, or has no `group_id` yet."""
    if shape["shape_type"] not in CORNERS or shape.get("group_id") is None:
        return None
    return Object(shape["label"], shape["group_id"])


def with_groups(shapes: Iterable[Shape], known: Iterable[Object]) -> list[Shape]:
    """The shapes of a frame, each that covers an area with a `group_id`.

    One without is of the only known object of its label, if that has no other shape here; else of a new one.
    """
    shapes = list(shapes)
    here = {found for shape in shapes if (found := object_of(shape))}
    everything = {*known, *here}
    grouped = []
    for shape in shapes:
        if shape["shape_type"] in CORNERS and shape.get("group_id") is None:
            of_label = [each for each in everything if each.label == shape["label"]]
            if len(of_label) == 1 and of_label[0] not in here:
                found = of_label[0]
            else:
                found = Object(shape["label"], 1 + max((each.group for each in everything), default=0))
            here.add(found)
            everything.add(found)
            shape = {**shape, "group_id": found.group}
        grouped.append(shape)
    return grouped


def given_objects(shapes: Iterable[Shape], size: Size, tracked_too: bool) -> dict[Object, Given]:
    """What is given of each object in a frame.

    Args:
        shapes: the frame's.
        size: (height, width) of it.
        tracked_too: also objects of which nothing was drawn or changed by hand.
    """
    of_object: dict[Object, list[Shape]] = {}
    for shape in shapes:
        if found := object_of(shape):
            of_object.setdefault(found, []).append(shape)
    given = {}
    for found, parts in of_object.items():
        if tracked_too or not all(map(is_tracked, parts)):
            covered = np.logical_or.reduce([area(part, size) for part in parts])
            if covered.any():  # else it lies outside
                given[found] = Given(covered, is_box=all(part["shape_type"] == "rectangle" for part in parts))
    return given


def area(shape: Shape, size: Size) -> np.ndarray:
    """The pixels of a shape that covers an area, with those under its edge: bool (H, W).

    Raises:
        TTVOSError: a mask that cannot be read.
    """
    covered = np.zeros(size, np.uint8)
    points = np.array(shape["points"], float).clip(-FARTHEST, FARTHEST)
    corners = points.round().astype(np.int32)
    kind = shape["shape_type"]
    if kind == "rectangle":
        cv2.rectangle(covered, corners[0].tolist(), corners[1].tolist(), 1, cv2.FILLED)
    elif kind == "circle":
        radius = float(np.linalg.norm(points[1] - points[0]))
        cv2.circle(covered, corners[0].tolist(), min(round(radius), FARTHEST), 1, cv2.FILLED)
    elif kind == "mask":
        _paste(covered, _mask(shape), *corners[0].tolist())
    else:
        cv2.fillPoly(covered, [corners], 1)
    return covered > 0


def _paste(canvas: np.ndarray, patch: np.ndarray, left: int, top: int) -> None:
    """Copies what of a patch lies on the canvas."""
    height, width = patch.shape
    under = canvas[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    under[:] = patch[max(-top, 0) :, max(-left, 0) :][: under.shape[0], : under.shape[1]]


def _mask(shape: Shape) -> np.ndarray:
    """The patch of a mask: uint8 (h, w) of 0 and 1."""
    try:
        content = np.frombuffer(base64.b64decode(shape["mask"], validate=True), np.uint8)
        patch = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if content.size else None
    except (binascii.Error, TypeError, ValueError, cv2.error):
        patch = None
    if patch is None:
        raise TTVOSError(f"the mask of {shape['label']} cannot be read: draw it again")
    return (patch > 0).astype(np.uint8)


def _is_sound(shape: Any) -> bool:
    """Whether a shape can be worked with."""
    if not isinstance(shape, dict) or not all(isinstance(shape.get(key), str) for key in ("label", "shape_type")):
        return False
    if not (shape.get("group_id") is None or is_whole(shape["group_id"])):
        return False
    points = shape.get("points")
    if not isinstance(points, list) or not all(isinstance(point, list) and len(point) == 2 for point in points):
        return False
    wanted = CORNERS.get(shape["shape_type"])
    try:
        finite = bool(np.isfinite(np.array(points, float)).all())
    except (TypeError, ValueError):
        return False
    return finite and (wanted is None or len(points) == wanted) and len(points) > 0
