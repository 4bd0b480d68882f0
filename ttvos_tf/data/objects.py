"""Stills with instance ids, set in motion: the target is one of several alike, and the others stay as look-alikes.

Some of the others move on their own from their own places, before or behind the target.

Layout: ROOT with `images/*.jpg` and `annotations/*.png` of 8 bits: 0 the background, 1, 2, ... the instances, 255 void.
"""

import numpy as np

from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.motion import random_bend, random_motion, random_speed, translation
from ttvos_tf.data.scene import Sprite, cut_out, random_sprite
from ttvos_tf.data.stills import ATTEMPTS, DISTRACTOR, StillClips, fill, zoom_in
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.resize import resize_by_area
from ttvos_tf.media.sizes import size_of

LEAST_TARGET = 0.003  # share of its picture that an instance must cover to be a target
LEAST_MOVER = 0.002  # share of its picture that an instance must cover to move on its own
MOST_MOVERS = 5
MARGIN = 4  # pixels around an instance that its sprite has, for its soft edge


class ObjectClips(StillClips):
    """Moving clips made of stills with instance ids; arguments as those of StillClips."""

    def sprites(self, rng: np.random.Generator, spec: ClipSpec) -> list[Sprite]:
        """See StillClips. The target is not always in front."""
        augmentation, (image, ids, target) = self.augmentation, self.draw(rng)
        others = [label for label in instances(ids, LEAST_MOVER) if label != target]
        movers = [label for label in others if rng.random() < augmentation.mover_probability][:MOST_MOVERS]
        if rng.random() < augmentation.own_scene_probability:
            behind, things = self._own_scene(rng, image, ids, [target, *movers], spec)
        else:
            behind, things = self._other_scene(rng, image, ids, [target, *movers], spec)
        front, *rest = things
        rest.insert(rng.integers(len(rest) + 1), front)
        return [*behind, *rest]

    def _own_scene(
        self, rng: np.random.Generator, image: np.ndarray, ids: np.ndarray, moving: list[int], spec: ClipSpec
    ) -> tuple[list[Sprite], list[Sprite]]:
        """The picture without what moves, and its void; and what moves, from its own places, the target first."""
        painted = fill(image, as_mask(np.isin(ids, moving)))
        image, _, pose = zoom_in(rng, image, as_mask(ids == moving[0]), spec, self.augmentation.video_scales)
        size = size_of(image)
        behind = [Sprite(resize_by_area(painted, size), pose)]
        speed = random_speed(rng)
        things: list[Sprite] = []
        if (ids == VOID).any():
            behind.append(Sprite(cut_out(image, resize_by_area(as_mask(ids == VOID), size)), pose, label=VOID))
        for label in moving:
            mask = resize_by_area(as_mask(ids == label), size)
            own_speed = speed * np.exp(rng.normal(0, 0.4))  # things of one picture are about as fast as each other
            things.append(moving_part(rng, image, mask, pose, own_speed, spec, DISTRACTOR if things else TARGET))
        return behind, things

    def _other_scene(
        self, rng: np.random.Generator, image: np.ndarray, ids: np.ndarray, moving: list[int], spec: ClipSpec
    ) -> tuple[list[Sprite], list[Sprite]]:
        """Another picture; and what moves, from anywhere, the target first."""
        scales = self.augmentation.sprite_scales
        place, place_ids, shown = self.draw(rng)
        place, _, pose = zoom_in(rng, place, as_mask(place_ids == shown), spec, self.augmentation.other_scales)
        labels = [TARGET] + [DISTRACTOR] * (len(moving) - 1)
        things = [
            random_sprite(rng, image, as_mask(ids == name), spec, label, scales)
            for name, label in zip(moving, labels, strict=True)
        ]
        return [Sprite(place, pose)], things

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
        """A random image, uint8 (H, W, 3), its ids, uint8 (H, W), and that of an instance; mirrored at random."""
        for _ in range(ATTEMPTS):
            image_path, mask_path = self.pairs[rng.integers(len(self.pairs))]
            image = read_image(image_path, upright=False)
            ids = read_mask(mask_path, size_of(image), any_image=True)
            large = instances(ids, LEAST_TARGET)
            if large:
                target = int(rng.choice(large))
                if rng.random() < 0.5:
                    image, ids = (np.ascontiguousarray(array[:, ::-1]) for array in (image, ids))
                return image, ids, target
        raise TTVOSError(f"{mask_path.parent}: almost no mask shows an object")


def instances(ids: np.ndarray, least: float) -> list[int]:
    """The ids, in a mask (H, W), of instances that cover at least that share of it; void is none."""
    names, counts = np.unique(ids, return_counts=True)
    return [int(name) for name, n in zip(names, counts, strict=True) if name not in (0, VOID) and n >= least * ids.size]


def as_mask(marked: np.ndarray) -> np.ndarray:
    """bool (H, W) -> uint8 (H, W), 0 or 255."""
    return np.where(marked, np.uint8(255), np.uint8(0))


def moving_part(
    rng: np.random.Generator,
    image: np.ndarray,
    mask: np.ndarray,
    pose: np.ndarray,
    speed: float,
    spec: ClipSpec,
    label: int,
) -> Sprite:
    """What a mask marks of an image, moving from its own place.

    Args:
        rng: the generator.
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), 255 on the object.
        pose: (3, 3), maps the image's pixels to the scene.
        speed: see random_motion.
        spec: of the clip.
        label: in the label map.
    """
    box = bounding_box(mask)
    top, left = max(box.y - MARGIN, 0), max(box.x - MARGIN, 0)
    part = slice(top, box.y + box.height + MARGIN), slice(left, box.x + box.width + MARGIN)
    motion = random_motion(rng, spec.length, box.center, spec.height, speed)
    picture = cut_out(np.ascontiguousarray(image[part]), np.ascontiguousarray(mask[part]))
    bend = random_bend(rng, spec.length, spec.height, speed)
    return Sprite(picture, pose @ motion @ translation(left, top), bend, label)
