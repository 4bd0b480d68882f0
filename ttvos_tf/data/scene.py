"""Scenes of sprites: images cut out by an alpha channel, moved, bent and laid over each other, with exact masks."""

from dataclasses import dataclass

import cv2
import numpy as np

from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.motion import random_bend, random_motion, random_speed, translation
from ttvos_tf.media.resize import resize_by_area
from ttvos_tf.media.sizes import size_of


@dataclass(frozen=True)
class Sprite:
    """A picture that moves.

    Attributes:
        picture: uint8 (h, w, 4), RGB and alpha: 255 where it covers what is behind it; a soft edge needs transparent
            pixels of its colour around it. Or (h, w, 3), a background: it covers everything, mirrored at its borders.
        poses: float64 (T, 3, 3), maps homogeneous pixels (x, y, 1) of the picture to the scene; (3, 3) stands still.
        bend: float32 (T, rows, columns, 2), a coarse grid over the frame of displacements in pixels; None: rigid.
        label: id in the label map.
    """

    picture: np.ndarray
    poses: np.ndarray
    bend: np.ndarray | None = None
    label: int = 0

    @property
    def is_background(self) -> bool:
        """Whether the sprite covers everything."""
        return self.picture.shape[2] == 3

    def seen(self, t: int, pose: np.ndarray, height: int, width: int) -> np.ndarray:
        """The sprite at time t, its pixels mapped to the frame's by pose (3, 3): uint8 (height, width, 3 or 4)."""
        border = cv2.BORDER_REFLECT_101 if self.is_background else cv2.BORDER_CONSTANT
        inverse = cv2.invertAffineTransform(pose[:2])  # np.linalg.inv wakes all cores for a 3x3 matrix
        if self.bend is None:
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            return cv2.warpAffine(self.picture, inverse, (width, height), flags=flags, borderMode=border)
        points = cv2.resize(self.bend[t], (width, height), interpolation=cv2.INTER_CUBIC)
        points[..., 0] += np.arange(width, dtype=np.float32)
        points[..., 1] += np.arange(height, dtype=np.float32)[:, None]
        both = cv2.transform(points, inverse)  # x and y in one map, so there is no second one
        return cv2.remap(self.picture, both, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]


def render(
    sprites: list[Sprite],
    camera: np.ndarray,
    height: int,
    width: int,
    *,
    blurred: bool = False,
    first_view: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws the sprites, back to front; the first must be a background.

    Args:
        sprites: what to draw.
        camera: float64 (T, 3, 3), maps the scene to the frame.
        height: of the frames.
        width: of the frames.
        blurred: smear every sprite along its motion, as half an open shutter does.
        first_view: float64 (3, 3), maps the first frame to another view of it (motion.random_view), which is drawn
            instead; None: the frame itself.

    Returns:
        frames uint8 (T, height, width, 3) RGB, and labels uint8 (T, height, width): the label of the front-most sprite
        whose alpha is over one half.
    """
    frames = np.empty((len(camera), height, width, 3), np.uint8)
    labels = np.zeros((len(camera), height, width), np.uint8)
    for sprite in sprites:
        poses = camera @ sprite.poses
        for t, pose in enumerate(poses):
            is_elsewhere = t == 0 and first_view is not None
            picture = sprite.seen(t, first_view @ pose if is_elsewhere else pose, height, width)
            if blurred:
                picture = motion_blur(picture, velocity(poses, t, sprite.picture.shape) / 2)
            if sprite.is_background:
                frames[t] = picture
            else:
                draw(frames[t], labels[t], picture, sprite.label)
    return frames, labels


def velocity(poses: np.ndarray, t: int, shape: tuple[int, ...]) -> np.ndarray:
    """Motion around frame t of the centre of a picture of that shape, in pixels a frame: float64 (2,)."""
    before, after = max(t - 1, 0), min(t + 1, len(poses) - 1)
    return ((poses[after] - poses[before]) @ (shape[1] / 2, shape[0] / 2, 1.0))[:2] / max(after - before, 1)


def draw(frame: np.ndarray, labels: np.ndarray, picture: np.ndarray, label: int) -> None:
    """Lays a picture uint8 (H, W, 4) over a frame uint8 (H, W, 3) and its labels uint8 (H, W), in place."""
    x, y, width, height = cv2.boundingRect(picture[..., 3])
    if not width:
        return
    part = slice(y, y + height), slice(x, x + width)
    alpha = picture[(*part, 3)]
    weight = alpha.astype(np.float32) / 255
    front = np.ascontiguousarray(picture[(*part, slice(3))])
    frame[part] = cv2.blendLinear(front, np.ascontiguousarray(frame[part]), weight, 1 - weight)
    labels[part][alpha > 127] = label


def motion_blur(picture: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Smears a picture uint8 (H, W, C) along a motion (dx, dy), in pixels."""
    reach = int(np.ceil(np.abs(motion).max() / 2))
    if reach < 1:
        return picture
    reach = min(reach, 12)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    unit = motion / np.abs(motion).max() * min(np.abs(motion).max() / 2, reach)
    for step in np.linspace(-1, 1, 4 * reach + 1):
        x, y = np.round(reach + step * unit).astype(int)
        kernel[y, x] += 1
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def random_sprite(
    rng: np.random.Generator,
    image: np.ndarray,
    mask: np.ndarray,
    spec: ClipSpec,
    label: int,
    scales: tuple[float, float],
) -> Sprite:
    """The object of an image, moving from a random place of the frame.

    Args:
        rng: the generator.
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), 255 on the object.
        spec: of the clip.
        label: in the label map.
        scales: range of its size, the square root of the share of the frame that its bounding box covers.
    """
    box = bounding_box(mask)
    part = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
    zoom = rng.uniform(*scales) * np.sqrt(spec.height * spec.width / (box.width * box.height))
    size = max(4, round(box.height * zoom)), max(4, round(box.width * zoom * rng.uniform(0.85, 1.15)))
    edge = ((2, 2), (2, 2))  # room for the soft edge
    image = np.pad(resize_by_area(image[part], size), (*edge, (0, 0)), mode="edge")
    mask = np.pad(resize_by_area(mask[part], size), edge)
    height, width = size_of(mask)
    x, y = rng.uniform(0.15, 0.85, size=2)
    pose = translation(x * spec.width - width / 2, y * spec.height - height / 2)
    speed = random_speed(rng)
    poses = pose @ random_motion(rng, spec.length, (width / 2, height / 2), spec.height, speed)
    return Sprite(cut_out(image, mask), poses, random_bend(rng, spec.length, spec.height, speed), label)


def cut_out(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Joins an image uint8 (H, W, 3) and a mask uint8 (H, W) into a picture uint8 (H, W, 4) for a sprite.

    The edge is blurred by about a pixel: real edges are mixed pixels too.
    """
    return np.dstack([image, cv2.GaussianBlur(mask, (5, 5), 1.0)])
