"""Rendered scenes: training and tests without any data set.

Textured, shaded, bending things move over a textured background with the camera, in front of each other.
"""

import cv2
import numpy as np

from ttvos_tf.data import scene
from ttvos_tf.data.augment import Colors
from ttvos_tf.data.augmentation import DEFAULTS, Augmentation, happens
from ttvos_tf.data.clip import Clip, ClipSpec, shows_target
from ttvos_tf.data.motion import random_motion, random_speed, random_view, translation
from ttvos_tf.data.texture import blend, noise, outline, random_color, shade, surface

MOST_OBJECTS = 4
ATTEMPTS = 50


class SyntheticClips:
    """Random clips of rendered scenes; the target is one of the objects.

    Args:
        augmentation: how clips are varied.
    """

    def __init__(self, augmentation: Augmentation = DEFAULTS):
        self.augmentation = augmentation

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a clip (see ClipSource)."""
        for _ in range(ATTEMPTS):
            frames, labels = render(rng, spec, self.augmentation)
            for target in rng.permutation(MOST_OBJECTS) + 1:
                masks = (labels == target).astype(np.uint8)
                if all(map(shows_target, masks[: self.augmentation.known_frames])):
                    return Clip(frames, masks)
        raise AssertionError("rendered scenes show objects")


def render(
    rng: np.random.Generator, spec: ClipSpec, augmentation: Augmentation = DEFAULTS
) -> tuple[np.ndarray, np.ndarray]:
    """Draws a scene with one to MOST_OBJECTS objects.

    Returns:
        frames uint8 (T, H, W, 3) RGB, and labels uint8 (T, H, W): 0 the background, 1, 2, ... the objects. An object
        may be hidden or outside in any frame.
    """
    camera = random_motion(
        rng, spec.length, (spec.width / 2, spec.height / 2), spec.height, speed=0.5 * random_speed(rng)
    )
    margin = spec.height // 4
    backdrop = background(rng, spec.height + 2 * margin, spec.width + 2 * margin)
    sprites = [scene.Sprite(backdrop, translation(-margin, -margin))]
    for label in range(1, rng.integers(1, MOST_OBJECTS + 1) + 1):
        look = thing(rng, spec.height // 2 + 16)
        sprites.append(scene.random_sprite(rng, *look, spec, label, augmentation.sprite_scales))
    blurred = rng.random() < augmentation.blur_probability
    view = None
    if happens(rng, augmentation.far_probability):
        center = spec.width / 2, spec.height / 2
        view = random_view(rng, center, spec.height, spec.width, augmentation.far_scales)
    frames, labels = scene.render(sprites, camera, spec.height, spec.width, blurred=blurred, first_view=view)
    colors = Colors.random(rng, strength=0.5 * augmentation.color_strength)
    return np.stack([colors(frame) for frame in frames]), labels


def thing(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A random object: image uint8 (size, size, 3), and mask uint8 (size, size), 255 on the object."""
    mask = outline(rng, size)
    return shade(surface(rng, size, size), mask), mask


def background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random backdrop, uint8 (height, width, 3): two mottled regions, brightness that falls off, and clutter."""
    near, far = (
        blend([random_color(rng) for _ in range(3)], noise(rng, height, width, rng.uniform(0.1, 0.8), octaves=7))
        for _ in range(2)
    )
    # A wavy horizon somewhere, at any tilt.
    y, x = np.mgrid[:height, :width].astype(np.float32) / height - 0.5
    tilt, level = rng.normal(0, 0.3), rng.uniform(-0.3, 0.3)
    edge = y - level - tilt * x + 0.2 * (noise(rng, height, width, 0.3, octaves=4) - 0.5)
    weight = np.clip(0.5 + edge * height / 3, 0, 1)
    image = cv2.blendLinear(near, far, weight, 1 - weight)
    for _ in range(rng.integers(3, 12)):
        size = max(4, int(rng.uniform(0.08, 0.5) * height))
        top, left = rng.integers(height - size), rng.integers(width - size)
        part = image[top : top + size, left : left + size]
        clutter, mask = thing(rng, size)
        weight = cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32) / 255
        part[:] = cv2.blendLinear(clutter, np.ascontiguousarray(part), weight, 1 - weight)
    return image
