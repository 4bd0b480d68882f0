"""Still images with masks, set in motion: what every such source has in common.

A clip is a scene of sprites (scene.py): a background, the target, and other things, seen by a camera that moves too.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.augment import Colors, bounding_box, random_window
from ttvos_tf.data.augmentation import DEFAULTS, Augmentation, Range, happens
from ttvos_tf.data.clip import Clip, ClipSpec, is_trackable, shows_target
from ttvos_tf.data.files import files_by_stem
from ttvos_tf.data.motion import change_of_size, random_motion, random_speed, random_view, smooth_walk, translation
from ttvos_tf.data.occluder import sample_occluder
from ttvos_tf.data.scene import Sprite, render
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.resize import resize_by_area
from ttvos_tf.media.sizes import size_of

ATTEMPTS = 50
DISTRACTOR = 2


def image_pairs(root: str | Path) -> list[tuple[Path, Path]]:
    """(image, mask) paths of a data set.

    Layouts: ROOT with `images/` + `annotations/`, `images/` + `ground_truth_mask/` (ECSSD) or `imgs/` + `gt/` (HKU-IS),
    or the images (.jpg) and masks (.png) side by side in ROOT, `ROOT/Imgs` or `ROOT/MSRA10K_Imgs_GT/Imgs` (MSRA10K).

    Raises:
        TTVOSError: the folder is none of the layouts, is empty, or an image has no mask.
    """
    root = Path(root)
    for images, masks in (("images", "annotations"), ("images", "ground_truth_mask"), ("imgs", "gt")):
        if (root / images).is_dir() and (root / masks).is_dir():
            image_files = files_by_stem(root / images, ".jpg", ".jpeg", ".png")
            mask_files = files_by_stem(root / masks, ".png")
            break
    else:
        folders = [root / "MSRA10K_Imgs_GT/Imgs", root / "Imgs", root]
        folder = next((folder for folder in folders if folder.is_dir() and any(folder.glob("*.jpg"))), None)
        if folder is None:
            raise TTVOSError(f"{root}: needs images/ and annotations/, imgs/ and gt/, or .jpg and .png side by side")
        image_files, mask_files = files_by_stem(folder, ".jpg"), files_by_stem(folder, ".png")
    for stem, image in image_files.items():
        if stem not in mask_files:
            raise TTVOSError(f"{image}: has no mask {stem}.png")
    return [(image, mask_files[stem]) for stem, image in image_files.items()]


class StillClips:
    """Moving clips made of still images and masks; subclasses say what a clip shows.

    Args:
        *roots: data set folders; all their images are drawn alike.
        augmentation: how clips are varied.
        leaves_out: which images are not to be used, by their path; None: all are used.

    Raises:
        TTVOSError: a folder in no layout of image_pairs, or nothing is left.
    """

    def __init__(
        self,
        *roots: str | Path,
        augmentation: Augmentation = DEFAULTS,
        leaves_out: Callable[[Path], bool] | None = None,
    ):
        self.augmentation = augmentation
        found = [pair for root in roots for pair in image_pairs(root)]
        self.pairs = [pair for pair in found if leaves_out is None or not leaves_out(pair[0])]
        if not self.pairs:
            raise TTVOSError(f"{roots[0]}: every image of it is left out")

    def sprites(self, rng: np.random.Generator, spec: ClipSpec) -> list[Sprite]:
        """Draws what a clip shows, back to front, a background first; the target has the label 1, void 255."""
        raise NotImplementedError

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a clip (see ClipSource).

        Raises:
            TTVOSError: an unreadable file, or no object found in many draws.
        """
        augmentation = self.augmentation
        for _ in range(ATTEMPTS):
            center = spec.width / 2, spec.height / 2
            camera = random_motion(rng, spec.length, center, spec.height, speed=0.7 * random_speed(rng))
            blurred = rng.random() < augmentation.blur_probability
            sprites = self.sprites(rng, spec)
            at = next(index for index, sprite in enumerate(sprites) if sprite.label == TARGET)
            if happens(rng, augmentation.zoom_probability):
                sprites[at] = zoomed(rng, sprites[at], augmentation.zoom_scales)
            alone, view = seen_alone(sprites[at], camera[0], spec), None
            if alone.any() and rng.random() < augmentation.occluder_probability:
                sprites.append(sample_occluder(rng, bounding_box(alone), spec))
            if alone.any() and happens(rng, augmentation.far_probability):
                center = bounding_box(alone).center
                view = random_view(rng, center, spec.height, spec.width, augmentation.far_scales)
                alone = seen_alone(sprites[at], view @ camera[0], spec)
            frames, labels = render(sprites, camera, spec.height, spec.width, blurred=blurred, first_view=view)
            masks = np.where((labels == TARGET) | (labels == VOID), labels, np.uint8(0))
            if is_trackable(masks[0], alone) and all(map(shows_target, masks[: augmentation.known_frames])):
                colors = Colors.random(rng, augmentation.color_strength)
                light = np.exp(augmentation.flicker * smooth_walk(rng, spec.length, ()))
                return Clip(np.stack([colors.lit(light[t])(frame) for t, frame in enumerate(frames)]), masks)
        raise TTVOSError(f"{self.pairs[0][1].parent}: almost no mask shows an object")


def seen_alone(sprite: Sprite, camera: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """A moving sprite's mask in the first frame, for a camera (3, 3), with nothing before it: bool (H, W)."""
    return sprite.seen(0, camera @ sprite.poses[0], spec.height, spec.width)[..., 3] > 127


def zoomed(rng: np.random.Generator, sprite: Sprite, scales: Range) -> Sprite:
    """A moving sprite that also changes its size steadily, up to a size of these scales in the last frame."""
    center = bounding_box(sprite.picture[..., 3]).center
    return replace(sprite, poses=sprite.poses @ change_of_size(rng, len(sprite.poses), center, scales))


def zoom_in(
    rng: np.random.Generator, image: np.ndarray, mask: np.ndarray, spec: ClipSpec, scales: Range
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resizes an image and its mask so that a random window that holds the object fills the frame.

    Returns:
        The image, the mask, and the pose (3, 3) that puts the window onto the frame.
    """
    window = random_window(rng, bounding_box(mask), size_of(mask), (spec.height, spec.width), scales)
    down, across = spec.height / window.height, spec.width / window.width
    size = round(mask.shape[0] * down), round(mask.shape[1] * across)
    return resize_by_area(image, size), resize_by_area(mask, size), translation(-window.x * across, -window.y * down)


def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Paints over an object: what surrounds it, continued smoothly, with the texture of the image half a width away.

    Args:
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), 255 on the object.

    Returns:
        uint8 (H, W, 3).
    """
    height, width = mask.shape
    small = max(8, round(height * 64 / width)), 64
    hole = cv2.dilate(mask, np.ones((7, 7), np.uint8))
    low = cv2.inpaint(
        resize_by_area(image, small), (resize_by_area(hole, small) > 0).astype(np.uint8), 2, cv2.INPAINT_TELEA
    )
    smooth = cv2.resize(low, (width, height), interpolation=cv2.INTER_CUBIC)
    # Objects stand near the middle, so what is half a width away is mostly background.
    texture = cv2.subtract(image, cv2.blur(image, (15, 15)), dtype=cv2.CV_16S)
    texture[hole > 0] = 0
    painted = cv2.add(smooth, np.roll(texture, width // 2, axis=1), dtype=cv2.CV_8U)
    weight = cv2.blur(hole, (5, 5)).astype(np.float32) / 255
    return cv2.blendLinear(painted, np.ascontiguousarray(image), weight, 1 - weight)
