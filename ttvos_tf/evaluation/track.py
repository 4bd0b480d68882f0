"""Tracks the sequences of a split with a model and writes their masks."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.first_masks import box_mask
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import annotated, object_ids
from ttvos_tf.media.atomic import atomic_folder
from ttvos_tf.media.images import is_written_by_us, read_image, read_mask, write_mask
from ttvos_tf.media.sizes import Size, format_size, size_of
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.objects import Given

# What a model is given of each object: its mask; its bounding box, in which it looks for the object; or that box in the
# place of the mask, as the paper has it (Table 3, M).
INITS = ("mask", "box", "box-as-mask")


def track_folder(tracker: Tracker, videos: list[AnnotatedVideo], year: str, init: str, out: Path) -> float:
    """Tracks every sequence and writes its masks to `<out>/<sequence>/<frame>.png`, a sequence at a time.

    Args:
        tracker: it holds the model.
        videos: what to track.
        year: "2016" (all ids are merged to one object before the start) or "2017".
        init: what is given of each object in the first frame, one of INITS.
        out: folder; masks that this package wrote there are replaced, other files are not.

    Returns:
        Frames per second of `Tracker.step`: resizing, inference and labels of every frame but the first ones. Starting
        a sequence, reading images and writing masks are not counted.

    Raises:
        TTVOSError: an unreadable file, an annotation without objects, or a folder that cannot be written.
    """
    seconds = 0.0
    with tqdm(total=sum(len(video.frames) for video in videos), unit="frame", desc="tracking", disable=None) as bar:
        for video in videos:
            with atomic_folder(out / video.name, replaceable=is_written_by_us) as folder:
                for path, (labels, took) in zip(video.frames, track(tracker, video, year, init), strict=True):
                    write_mask(folder / f"{path.stem}.png", labels)
                    seconds += took
                    bar.update()
    return sum(len(video.frames) - 1 for video in videos) / seconds


def track(tracker: Tracker, video: AnnotatedVideo, year: str, init: str) -> Iterator[tuple[np.ndarray, float]]:
    """Tracks one sequence; see `track_folder`.

    Yields:
        labels uint8 (H, W) of a frame, for the first frame the given ones; seconds that the step took.
    """
    first = annotated(read_mask(video.annotations[0]), year)
    ids = ids_of(first, video)
    frame = _read_frame(video.frames[0], size_of(first))
    names = np.arange(256, dtype=np.uint8)
    if init == "box":
        # Not painted into a mask, because boxes may overlap. The tracker numbers them from 1.
        names = np.array([0, *ids], np.uint8)
        yield names[tracker.start(frame, boxes=[dataclasses.astuple(bounding_box(first == i)) for i in ids])], 0.0
    elif init == "box-as-mask":
        tracker.reset()
        yield tracker.give(frame, {i: Given(box_mask((first == i).view(np.uint8)) > 0) for i in ids}), 0.0
    else:
        yield tracker.start(frame, first), 0.0
    for path in video.frames[1:]:
        frame = _read_frame(path, size_of(first))
        begin = time.perf_counter()
        labels = tracker.step(frame)
        took = time.perf_counter() - begin
        yield names[labels], took


def ids_of(first: np.ndarray, video: AnnotatedVideo) -> list[int]:
    """The objects of a video, by its first annotation.

    Raises:
        TTVOSError: there is none.
    """
    ids = object_ids(first)
    if not ids:
        raise TTVOSError(f"{video.annotations[0]}: holds no object (255 is void; DAVIS-2016 masks need --year 2016)")
    return ids


def _read_frame(path: Path, size: Size) -> np.ndarray:
    frame = read_image(path, upright=False)
    if size_of(frame) != size:
        found, wanted = format_size(size_of(frame)), format_size(size)
        raise TTVOSError(f"{path}: the frame is {found}, but the first annotation is {wanted}")
    return frame
