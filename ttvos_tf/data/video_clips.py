"""Annotated videos, and training clips drawn from them."""

from collections.abc import Sequence as ListLike
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.augment import Colors, Window, bounding_box, crop_and_resize, random_window
from ttvos_tf.data.augmentation import DEFAULTS, Augmentation, happens
from ttvos_tf.data.clip import Clip, ClipSpec, shows_target
from ttvos_tf.data.copy_paste import copy_paste
from ttvos_tf.data.occluder import sample_occluder
from ttvos_tf.data.scene import draw
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of

ATTEMPTS = 50


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
        strides: most annotated frames between two frames of a clip; up to twice as many in fast ones.
        augmentation: how clips are varied.
    """

    def __init__(
        self,
        sequences: ListLike[AnnotatedVideo],
        *,
        merge_objects: bool,
        strides: int,
        augmentation: Augmentation = DEFAULTS,
    ):
        self.sequences = sequences
        self.merge_objects = merge_objects
        self.strides = strides
        self.augmentation = augmentation

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a clip (see ClipSource).

        Raises:
            TTVOSError: an unreadable file, or no target found in many draws.
        """
        video, clip = self._draw(rng, spec)
        augmentation = self.augmentation
        if rng.random() < augmentation.paste_probability:
            same = self._try_sample(rng, video, spec) if rng.random() < augmentation.same_video_probability else None
            clip = copy_paste(rng, clip, same or self._draw(rng, spec)[1], augmentation.known_frames)
        if rng.random() < augmentation.occluder_probability:
            start = min(augmentation.known_frames, spec.length) - 1  # it passes in the frames that follow each other
            box = bounding_box(clip.masks[start] == TARGET)
            occluder = sample_occluder(rng, box, replace(spec, length=spec.length - start))
            for frame, mask, t in zip(clip.frames[start:], clip.masks[start:], range(spec.length), strict=False):
                draw(frame, mask, occluder.seen(t, occluder.poses[t], spec.height, spec.width), 0)
        return clip

    def _draw(self, rng: np.random.Generator, spec: ClipSpec) -> tuple[AnnotatedVideo, Clip]:
        """Draws a video and a clip of it."""
        for _ in range(ATTEMPTS):
            video = self.sequences[int(rng.integers(len(self.sequences)))]
            clip = self._try_sample(rng, video, spec)
            if clip is not None:
                return video, clip
        raise TTVOSError(f"{self.sequences[0].annotations[0].parent.parent}: almost no mask shows an object")

    def _try_sample(self, rng: np.random.Generator, video: AnnotatedVideo, spec: ClipSpec) -> Clip | None:
        """Draws start, stride, direction, object, crop, flip and colours; None if a known frame shows no target."""
        augmentation = self.augmentation
        is_far = spec.length > 1 and happens(rng, augmentation.far_probability)
        fast = augmentation.fast_probability
        order = random_order(rng, len(video.frames), spec.length - is_far, self.strides, fast)
        if is_far:
            order = np.append(rng.integers(len(video.frames)), order)
        first = read_image(video.frames[order[0]], upright=False)
        source, size = size_of(first), (spec.height, spec.width)
        ids = read_mask(video.annotations[order[0]], source, any_image=True)
        objects = np.unique(ids[(ids != 0) & (self.merge_objects | (ids != VOID))])
        if not len(objects):
            return None
        target = rng.choice(objects)
        window = random_window(rng, bounding_box(self._marked(ids, target)), source, size, augmentation.video_scales)
        flip, colors = rng.random() < 0.5, Colors.random(rng, augmentation.color_strength)

        frames = np.empty((spec.length, *size, 3), np.uint8)
        masks = np.empty((spec.length, *size), np.uint8)
        for t, index in enumerate(order):
            if t:
                ids = read_mask(video.annotations[index], source, any_image=True)
            marked = self._marked(ids, target)
            if t == 1 and is_far:
                if not marked.any():
                    return None
                window = random_window(rng, bounding_box(marked), source, size, augmentation.video_scales)
            masks[t] = _cut(marked, window, size)
            if not self.merge_objects and (ids == VOID).any():
                masks[t][_cut(ids == VOID, window, size)] = VOID
            if t < augmentation.known_frames and not shows_target(masks[t]):
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


def _cut(marked: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """A window of what is marked, resized: bool (H, W) -> bool (height, width)."""
    return crop_and_resize(marked.astype(np.uint8) * 255, window, size) > 127


def random_order(rng: np.random.Generator, available: int, length: int, strides: int, fast: float) -> np.ndarray:
    """Indices of a clip's frames: evenly spaced, forwards or backwards in time, turning back where the video is short.

    Args:
        rng: the generator.
        available: frames of the video.
        length: of the clip.
        strides: most frames from one to the next.
        fast: share of the clips with up to twice as many.

    Returns:
        int64 (length,), each in [0, available).
    """
    stride = int(rng.integers(1, (2 * strides if rng.random() < fast else strides) + 1))
    stride = max(1, min(stride, (available - 1) // max(length - 1, 1)))
    start = rng.integers(max(1, available - stride * (length - 1)))
    order = start + stride * np.arange(length)
    period = max(2 * (available - 1), 1)
    order = np.minimum(order % period, period - order % period) if available > 1 else np.zeros(length, np.int64)
    return order[::-1] if rng.random() < 0.5 else order
