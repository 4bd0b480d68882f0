"""Follows what is drawn on one frame of a folder through the next ones, from annotation file to annotation file.

Shapes that were drawn or changed by hand are what is given, on whichever frame they are; what was tracked before is
replaced. So one corrects a frame and tracks on from there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.labelling.annotation import (
    Object,
    Shape,
    given_objects,
    object_of,
    read_annotation,
    with_groups,
    write_annotation,
)
from ttvos_tf.media.annotations.labelme import is_tracked, tracked_shape
from ttvos_tf.media.annotations.polygons import polygons
from ttvos_tf.media.images import read_image
from ttvos_tf.media.sizes import size_of
from ttvos_tf.runtime.tracker import Tracker

TOLERANCE = 1.0  # pixels that a polygon may be off the mask: some fifty corners, which a hand can move
CRUMB = 0.01  # of an object's pixels: a smaller part is left out

Files = Callable[[Path], Path]
"""The annotation file of an image, which need not be there yet."""


@dataclass(frozen=True)
class Followed:
    """A frame that is done.

    Attributes:
        image: the frame.
        shapes: how many its annotation has.
        lost: the objects that are probably lost in it.
    """

    image: Path
    shapes: int
    lost: tuple[Object, ...]


def follow(tracker: Tracker, images: Sequence[Path], file_of: Files, others: Iterable[Path] = ()) -> Iterator[Followed]:
    """Tracks through images, and writes their annotation files one by one.

    All objects of the first image are followed; others join where they were drawn or changed by hand. Shapes that were
    tracked before stay where their object is not followed.

    Args:
        tracker: it holds the model; what it tracked before is dropped.
        images: the frames in the order of tracking, against time if wanted; the first has what is given.
        file_of: where their annotations are.
        others: the other images of the video, for its objects.

    Yields:
        Each image when its file is written, the first one too.

    Raises:
        TTVOSError: nothing is given; a file that cannot be read or written; a frame of another size; too many objects.
    """
    tracker.reset()
    known = known_objects([*images, *others], file_of)
    ids: dict[Object, int] = {}
    for index, image in enumerate(images):
        frame = read_image(image)
        size = size_of(frame)
        content = read_annotation(file_of(image), image.name, size)
        shapes = with_groups(content["shapes"], known)
        given = given_objects(shapes, size, tracked_too=index == 0)
        if index == 0 and not given:
            raise TTVOSError(f"{image.name}: there is nothing to follow: draw a polygon or a box, and name it")
        labels = tracker.step(frame) if ids else np.zeros(size, np.uint8)
        for each in given:
            ids.setdefault(each, len(ids) + 1)
        if given:
            labels = tracker.give(frame, {ids[each]: what for each, what in given.items()})
        tracked = {each: labels == number for each, number in ids.items() if each not in given}
        kept = [shape for shape in shapes if object_of(shape) not in tracked]
        written = [*kept, *(shape for each, mask in tracked.items() for shape in _outlines(each, mask))]
        if written != content["shapes"]:
            write_annotation(file_of(image), {**content, "shapes": written})
        known |= given.keys()
        scores = tracker.scores
        yield Followed(image, len(written), tuple(each for each in tracked if scores[ids[each]].lost))


def remove_tracked(images: Sequence[Path], file_of: Files) -> int:
    """Removes what was tracked, in all images but the first, of objects that the first does not show.

    Returns:
        In how many images something was removed.

    Raises:
        TTVOSError: a file that cannot be read or written.
    """
    shown = known_objects(images[:1], file_of)
    changed = 0
    for image in images[1:]:
        if not file_of(image).exists():
            continue
        content = read_annotation(file_of(image), image.name, (0, 0))
        kept = [each for each in content["shapes"] if not is_tracked(each) or object_of(each) in shown]
        if kept != content["shapes"]:
            write_annotation(file_of(image), {**content, "shapes": kept})
            changed += 1
    return changed


def known_objects(images: Iterable[Path], file_of: Files) -> set[Object]:
    """The objects of annotation files."""
    files = {image: file_of(image) for image in images}
    contents = [read_annotation(file, image.name, (0, 0)) for image, file in files.items() if file.exists()]
    return {found for content in contents for shape in content["shapes"] if (found := object_of(shape))}


def _outlines(of: Object, mask: np.ndarray) -> list[Shape]:
    """Polygons of a mask, bool (H, W)."""
    least = CRUMB * np.count_nonzero(mask)
    parts = polygons(mask, TOLERANCE)
    return [
        tracked_shape(of.label, of.group, part) for part in parts if part is parts[0] or cv2.contourArea(part) >= least
    ]
