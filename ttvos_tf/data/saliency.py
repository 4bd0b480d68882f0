"""Still images with a mask of what stands out, set in motion: pre-training clips (paper, "Pre-train with images").

The object is cut out and moves on its own over its filled-in background, or over another image's, with other objects
passing behind or in front.
"""

import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.motion import random_bend, random_motion, random_speed
from ttvos_tf.data.scene import Sprite, cut_out, random_sprite
from ttvos_tf.data.stills import ATTEMPTS, DISTRACTOR, StillClips, fill, zoom_in
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of


class SaliencyClips(StillClips):
    """Moving clips made of still images and masks; arguments as those of StillClips."""

    def sprites(self, rng: np.random.Generator, spec: ClipSpec) -> list[Sprite]:
        """See StillClips."""
        augmentation, (image, mask) = self.augmentation, self.draw(rng)
        if rng.random() < augmentation.own_background_probability:
            background, target = on_own_background(rng, image, mask, spec, augmentation.own_scales)
        else:
            other, other_mask = self.draw(rng)
            if rng.random() < 0.5:
                other = fill(other, other_mask)
            other, _, pose = zoom_in(rng, other, other_mask, spec, augmentation.other_scales)
            target = random_sprite(rng, image, mask, spec, TARGET, augmentation.sprite_scales)
            background = Sprite(other, pose)

        behind: list[Sprite] = []
        before: list[Sprite] = []
        for _ in range(rng.choice(len(augmentation.distractor_shares), p=augmentation.distractor_shares)):
            # Now and then a second copy of the target: only its place tells which is meant.
            looks = (image, mask) if rng.random() < augmentation.twin_probability else self.draw(rng)
            sprite = random_sprite(rng, *looks, spec, DISTRACTOR, augmentation.sprite_scales)
            (behind if rng.random() < 0.5 else before).append(sprite)
        return [background, *behind, target, *before]

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A random image, uint8 (H, W, 3), and mask, uint8 (H, W) of 0 and 255 with some object; mirrored at random."""
        for _ in range(ATTEMPTS):
            image_path, mask_path = self.pairs[rng.integers(len(self.pairs))]
            image = read_image(image_path, upright=False)
            mask = np.where(read_mask(mask_path, size_of(image), any_image=True) > 127, np.uint8(255), np.uint8(0))
            if mask.any():
                return (image[:, ::-1], mask[:, ::-1]) if rng.random() < 0.5 else (image, mask)
        raise TTVOSError(f"{mask_path.parent}: almost no mask shows an object")


def on_own_background(
    rng: np.random.Generator, image: np.ndarray, mask: np.ndarray, spec: ClipSpec, scales: tuple[float, float]
) -> tuple[Sprite, Sprite]:
    """The image without its object, and the object moving away from its place in it."""
    image, mask, pose = zoom_in(rng, image, mask, spec, scales)
    box, speed = bounding_box(mask), random_speed(rng)
    poses = pose @ random_motion(rng, spec.length, box.center, spec.height, speed)
    bend = random_bend(rng, spec.length, spec.height, speed)
    return Sprite(fill(image, mask), pose), Sprite(cut_out(image, mask), poses, bend, TARGET)
