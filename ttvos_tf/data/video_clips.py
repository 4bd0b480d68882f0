"""Annotated videos, and training clips drawn from them."""

from collections.abc import Sequence as ListLike
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.augment import Colors, bounding_box, crop_and_resize, random_window
from ttvos_tf.data.clip import Clip, ClipSpec, shows_target
from ttvos_tf.data.copy_paste import copy_paste
from ttvos_tf.data.occluder import OCCLUDED, sample_occluder
from ttvos_tf.data.scene import draw
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of

ATTEMPTS = 50
SAME_VIDEO = 0.25  # share of pasted objects from the same video: only their place tells which object is meant


@dataclass(frozen=True)
class AnnotatedVideo:
    """A video with masks.

    Attributes:
        name: of its folder.
        frames: the images that have a mask, in order.
        annotations: their masks.
    """

    name: str
    frames: tuple[Path, ...]
    annotations: tuple[Path, ...]


class VideoClips:
    """Random clips of annotated videos.

    Args:
        sequences: the videos, drawn alike.
        merge_objects: everything marked is the target; otherwise one random object is, and the id 255 is void.
        strides: most annotated frames between two frames of a clip; up to twice as many in one clip of five.
        pasted: share of the clips with the object of another clip in them (copy_paste.py).
    """

    def __init__(self, sequences: ListLike[AnnotatedVideo], *, merge_objects: bool, strides: int, pasted: float = 0.0):
        self.sequences = sequences
        self.merge_objects = merge_objects
        self.strides = strides
        self.pasted = pasted

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a clip (see ClipSource).

        Raises:
            TTVOSError: an unreadable file, or no target found in many draws.
        """
        video, clip = self._draw(rng, spec)
        if rng.random() < self.pasted:
            same = self._try_sample(rng, video, spec) if rng.random() < SAME_VIDEO else None
            clip = copy_paste(rng, clip, same or self._draw(rng, spec)[1])
        if rng.random() < OCCLUDED:
            sprite = sample_occluder(rng, bounding_box(clip.masks[0] == TARGET), spec)
            for t in range(spec.length):
                draw(clip.frames[t], clip.masks[t], sprite.seen(t, sprite.poses[t], spec.height, spec.width), 0)
        return clip

    def _draw(self, rng: np.random.Generator, spec: ClipSpec) -> tuple[AnnotatedVideo, Clip]:
        """Draws a video and a clip of it."""
        for _ in range(ATTEMPTS):
            video = self.sequences[rng.integers(len(self.sequences))]
            clip = self._try_sample(rng, video, spec)
            if clip is not None:
                return video, clip
        raise TTVOSError(f"{self.sequences[0].annotations[0].parent.parent}: almost no mask shows an object")

    def _try_sample(self, rng: np.random.Generator, video: AnnotatedVideo, spec: ClipSpec) -> Clip | None:
        """Draws start, stride, direction, object, crop, flip and colours; None if the first frame shows no target."""
        order = random_order(rng, len(video.frames), spec.length, self.strides)
        first = read_image(video.frames[order[0]], upright=False)
        source, size = size_of(first), (spec.height, spec.width)
        ids = read_mask(video.annotations[order[0]], source, any_image=True)
        objects = np.unique(ids[(ids != 0) & (self.merge_objects | (ids != VOID))])
        if not len(objects):
            return None
        target = rng.choice(objects)
        window = random_window(rng, bounding_box(self._marked(ids, target)), source, size, scales=(0.4, 1.0))
        flip, colors = rng.random() < 0.5, Colors.random(rng)

        def cut(marked: np.ndarray) -> np.ndarray:
            return crop_and_resize(marked.astype(np.uint8) * 255, window, size) > 127

        frames = np.empty((spec.length, *size, 3), np.uint8)
        masks = np.empty((spec.length, *size), np.uint8)
        for t, index in enumerate(order):
            if t:
                ids = read_mask(video.annotations[index], source, any_image=True)
            masks[t] = cut(self._marked(ids, target))
            if not self.merge_objects and (ids == VOID).any():
                masks[t][cut(ids == VOID)] = VOID
            if t == 0 and not shows_target(masks[0]):
                return None
            image = read_image(video.frames[index], upright=False) if t else first
            if size_of(image) != source:
                raise TTVOSError(f"{video.frames[index]}: the frame has another size than {video.frames[order[0]]}")
            frames[t] = crop_and_resize(image, window, size)
        frames = np.stack([colors(frame) for frame in frames])
        if flip:
            frames, masks = np.ascontiguousarray(frames[:, :, ::-1]), np.ascontiguousarray(masks[:, :, ::-1])
        return Clip(frames, masks)

    def _marked(self, ids: np.ndarray, target: int) -> np.ndarray:
        return (ids != 0) if self.merge_objects else (ids == target)


def random_order(rng: np.random.Generator, available: int, length: int, strides: int) -> np.ndarray:
    """Indices of a clip's frames: evenly spaced, forwards or backwards in time, turning back where the video is short.

    Returns:
        int64 (length,), each in [0, available).
    """
    stride = rng.integers(1, (2 * strides if rng.random() < 0.2 else strides) + 1)
    stride = max(1, min(stride, (available - 1) // max(length - 1, 1)))
    start = rng.integers(max(1, available - stride * (length - 1)))
    order = start + stride * np.arange(length)
    period = max(2 * (available - 1), 1)
    order = np.minimum(order % period, period - order % period) if available > 1 else np.zeros(length, np.int64)
    return order[::-1] if rng.random() < 0.5 else order
