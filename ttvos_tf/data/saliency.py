"""Still images with a mask of what stands out, set in motion: pre-training clips (paper, "Pre-train with images").

The object is cut out and moves on its own over its filled-in background, or over another image's, with other objects
passing behind or in front.

Layouts: ROOT with `images/` + `annotations/` (ECSSD, PASCAL-S as stored here), `imgs/` + `gt/` (HKU-IS), or the images
(.jpg) and masks (.png) side by side in ROOT, `ROOT/Imgs` or `ROOT/MSRA10K_Imgs_GT/Imgs` (MSRA10K).
"""

from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import Colors, bounding_box, random_window, resize
from ttvos_tf.data.clip import Clip, ClipSpec, is_trackable
from ttvos_tf.data.files import files_by_stem
from ttvos_tf.data.motion import random_bend, random_motion, random_speed, smooth_walk, translation
from ttvos_tf.data.occluder import OCCLUDED, sample_occluder
from ttvos_tf.data.scene import Sprite, cut_out, random_sprite, render
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of

ATTEMPTS = 50
DISTRACTOR = 2


def image_pairs(root: str | Path) -> list[tuple[Path, Path]]:
    """(image, mask) paths of a saliency data set, in one of the layouts of this module's docstring.

    Raises:
        TTVOSError: the folder is none of the layouts, is empty, or an image has no mask.
    """
    root = Path(root)
    for images, masks in (("images", "annotations"), ("imgs", "gt")):
        if (root / images).is_dir():
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


class SaliencyClips:
    """Moving clips made of still images and masks.

    Args:
        *roots: data set folders; all their images are drawn alike.
    """

    def __init__(self, *roots: str | Path):
        self.pairs = [pair for root in roots for pair in image_pairs(root)]

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        """Draws a clip (see ClipSource).

        Raises:
            TTVOSError: an unreadable file, or no object found in many draws.
        """
        for _ in range(ATTEMPTS):
            center = spec.width / 2, spec.height / 2
            camera = random_motion(rng, spec.length, center, spec.height, speed=0.7 * random_speed(rng))
            blurred = rng.random() < 0.2
            sprites = self.sprites(rng, spec)
            target = next(sprite for sprite in sprites if sprite.label == TARGET)
            alone = target.seen(0, camera[0] @ target.poses[0], spec.height, spec.width)[..., 3] > 127
            if alone.any() and rng.random() < OCCLUDED:
                sprites.append(sample_occluder(rng, bounding_box(alone), spec))
            frames, labels = render(sprites, camera, spec.height, spec.width, blurred=blurred)
            masks = (labels == TARGET).astype(np.uint8)
            if is_trackable(masks[0], alone):
                colors = Colors.random(rng)
                light = np.exp(0.03 * smooth_walk(rng, spec.length, ()))
                return Clip(np.stack([colors.lit(light[t])(frame) for t, frame in enumerate(frames)]), masks)
        raise TTVOSError(f"{self.pairs[0][1].parent}: almost no mask shows an object")

    def sprites(self, rng: np.random.Generator, spec: ClipSpec) -> list[Sprite]:
        """Draws what a clip shows, back to front; the target has the label 1."""
        image, mask = self.draw(rng)
        if rng.random() < 0.5:
            background, target = on_own_background(rng, image, mask, spec)
        else:
            other, other_mask = self.draw(rng)
            if rng.random() < 0.5:
                other = fill(other, other_mask)
            other, _, pose = zoom_in(rng, other, other_mask, spec, scales=(0.5, 1.0))
            background, target = Sprite(other, pose), random_sprite(rng, image, mask, spec, TARGET)

        behind: list[Sprite] = []
        before: list[Sprite] = []
        for _ in range(rng.choice(3, p=(0.5, 0.35, 0.15))):
            # Now and then a second copy of the target: only its place tells which is meant.
            looks = (image, mask) if rng.random() < 0.1 else self.draw(rng)
            sprite = random_sprite(rng, *looks, spec, DISTRACTOR)
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


def zoom_in(
    rng: np.random.Generator, image: np.ndarray, mask: np.ndarray, spec: ClipSpec, scales: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resizes an image and its mask so that a random window that holds the object fills the frame.

    Returns:
        The image, the mask, and the pose (3, 3) that puts the window onto the frame.
    """
    window = random_window(rng, bounding_box(mask), size_of(mask), (spec.height, spec.width), scales)
    down, across = spec.height / window.height, spec.width / window.width
    size = round(mask.shape[0] * down), round(mask.shape[1] * across)
    return resize(image, size), resize(mask, size), translation(-window.x * across, -window.y * down)


def on_own_background(
    rng: np.random.Generator, image: np.ndarray, mask: np.ndarray, spec: ClipSpec
) -> tuple[Sprite, Sprite]:
    """The image without its object, and the object moving away from its place in it."""
    image, mask, pose = zoom_in(rng, image, mask, spec, scales=(0.7, 1.0))
    box, speed = bounding_box(mask), random_speed(rng)
    center = box.x + box.width / 2, box.y + box.height / 2
    poses = pose @ random_motion(rng, spec.length, center, spec.height, speed)
    bend = random_bend(rng, spec.length, spec.height, speed)
    return Sprite(fill(image, mask), pose), Sprite(cut_out(image, mask), poses, bend, TARGET)


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
    low = cv2.inpaint(resize(image, small), (resize(hole, small) > 0).astype(np.uint8), 2, cv2.INPAINT_TELEA)
    smooth = cv2.resize(low, (width, height), interpolation=cv2.INTER_CUBIC)
    # Objects stand near the middle, so what is half a width away is mostly background.
    texture = cv2.subtract(image, cv2.blur(image, (15, 15)), dtype=cv2.CV_16S)
    texture[hole > 0] = 0
    painted = cv2.add(smooth, np.roll(texture, width // 2, axis=1), dtype=cv2.CV_8U)
    weight = cv2.blur(hole, (5, 5)).astype(np.float32) / 255
    return cv2.blendLinear(painted, np.ascontiguousarray(image), weight, 1 - weight)
