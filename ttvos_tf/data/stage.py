"""The stage for difficult scenes: things with shadows, screens to pass behind, a camera in somebody's hand, light."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.clip import ClipSpec, shows_target
from ttvos_tf.data.looks import Looks, Thing
from ttvos_tf.data.motion import move, translation
from ttvos_tf.data.scene import Sprite, cut_out, render
from ttvos_tf.data.texture import blend, noise, random_color

LOOK_ALIKE = 2  # labels of the look-alikes: 2, 3, ...; other things have the label 0

SLOW, QUICK = (25.0, 90.0), (10.0, 25.0)  # periods of what sways, in frames
MARGIN = 0.35  # what the background has beyond the frame on each side, as a share of the height
IN_SIGHT = 0.9  # share of the target that the first frame shows


@dataclass(frozen=True)
class Scene:
    """What a sequence shows.

    Attributes:
        sprites: back to front, the first a background.
        camera: float64 (T, 3, 3), maps the scene to the frame.
        light: float32 (T, 3), gains of red, green and blue.
    """

    sprites: list[Sprite]
    camera: np.ndarray
    light: np.ndarray

    def alone(self, t: int, height: int, width: int) -> np.ndarray:
        """The target at frame t with nothing before it: bool (height, width)."""
        target = next(sprite for sprite in self.sprites if sprite.label == TARGET)
        return target.seen(t, self.camera[t] @ target.poses[t], height, width)[..., 3] > 127

    def starts_in_sight(self, height: int, width: int) -> bool:
        """Whether the first frame shows nearly the whole target, and that is worth tracking."""
        alone = self.alone(0, height, width)
        _, (labels,) = render([_still(sprite) for sprite in self.sprites], self.camera[:1], height, width)
        in_sight = np.count_nonzero(labels == TARGET) > IN_SIGHT * np.count_nonzero(alone)
        return shows_target(labels) and bool(in_sight)


@dataclass(frozen=True)
class Actor(Sprite):
    """A sprite that changes its colours, and that shrinks without flicker.

    Attributes:
        tint: float32 (T, 3), gains of red, green and blue; None: none.
    """

    tint: np.ndarray | None = None

    def seen(self, t: int, pose: np.ndarray, height: int, width: int) -> np.ndarray:
        """See Sprite."""
        picture = self.picture
        if self.tint is not None:
            picture = cv2.transform(picture, np.diag([*self.tint[t], 1]).astype(np.float32))
        scale = np.sqrt(abs(np.linalg.det(pose[:2, :2])))
        while scale < 0.7 and min(picture.shape[:2]) > 8:
            picture, pose, scale = cv2.pyrDown(picture), pose @ np.diag([2.0, 2.0, 1.0]), 2 * scale
        return Sprite(picture, self.poses, self.bend).seen(t, pose, height, width)


@dataclass(frozen=True)
class Stage:
    """What a difficulty is composed with: the generator, the looks, the frames."""

    rng: np.random.Generator
    looks: Looks
    spec: ClipSpec

    def wander(self, stops: int, low: float = 0.2, high: float = 0.8) -> np.ndarray:
        """A smooth path (T, 2) through random points between these shares of the frame."""
        points = self.rng.uniform(low, high, (stops, 2))
        points[:, 1] += 0.05  # the ground is below
        points *= self.spec.width, self.spec.height
        return smooth_path(points, self.spec.length)

    def actor(self, thing: Thing, size: float, path: np.ndarray, label: int = 0, **changes: np.ndarray) -> list[Sprite]:
        """A thing and its shadow.

        Args:
            thing: what it looks like.
            size: square root of the area of its box, as a share of the height of the frame.
            path: float (T, 2), of its centre in the scene, in pixels.
            label: in the label map.
            **changes: scale (T,); angle (T,) in radians; squash (T,), the width against the height; tint (T, 3).
        """
        length, height = self.spec.length, self.spec.height
        image, mask = thing
        box = bounding_box(mask)
        scale = size * height / np.sqrt(box.width * box.height) * changes.get("scale", np.ones(length))
        picture = cut_out(spread(image, mask), mask)
        # Room for the soft edge; the box's centre is what moves.
        center = box.x + box.width / 2, box.y + box.height / 2
        squash = np.tile(np.eye(3), (length, 1, 1))
        squash[:, 0, 0] = changes.get("squash", np.ones(length))
        angle = changes.get("angle", 0.08 * sway(self.rng, length, ()))
        poses = move(path, scale, angle) @ squash @ translation(-center[0], -center[1])
        bend = (0.01 * size / 0.3 * height * sway(self.rng, length, (4, 6, 2))).astype(np.float32)
        body = Actor(picture, poses, bend, label, tint=changes.get("tint"))
        dark = np.zeros_like(picture)
        dark[..., 3] = 0.4 * cv2.GaussianBlur(mask, (0, 0), 0.02 * sum(mask.shape))
        below = np.tile(np.eye(3), (length, 1, 1))
        below[:, :2, 2] = 0.06 * size * scale[:, None] / scale[0] * height * np.array([0.5, 1.0])
        return [Actor(dark, below @ poses), body]

    def bystanders(self, count: int) -> list[Sprite]:
        """Things that stand or move about, of other kinds."""
        sprites = []
        for _ in range(count):
            stops = 1 if self.rng.random() < 0.4 else 3
            size = self.rng.uniform(0.12, 0.35)
            sprites += self.actor(self.looks.alike(self.rng, 1)[0], size, self.wander(stops, 0.05, 0.95))
        return sprites

    def look_alikes(self, things: list[Thing], size: float, target: np.ndarray, moving: list[bool]) -> list[Sprite]:
        """Things like the target, about as large; the moving ones meet it halfway, each at a time of its own."""
        sprites, (width, height) = [], (self.spec.width, self.spec.height)
        for label, (thing, moves) in enumerate(zip(things, moving, strict=True), start=LOOK_ALIKE):
            if moves:
                meeting = int(self.rng.uniform(0.25, 0.75) * self.spec.length)
                start, end = self.rng.uniform(0.1, 0.9, (2, 2)) * (width, height)
                path = smooth_path(np.stack([start, target[meeting], end]), self.spec.length, middle=meeting)
            else:
                path = self.wander(1, 0.1, 0.9)
            sprites += self.actor(thing, size * self.rng.uniform(0.85, 1.15), path, label)
        return sprites

    def screen(self, width: float, x: np.ndarray | float) -> Sprite:
        """A pillar or wall as high as the scene, so wide and with its middle at x (both in pixels)."""
        rows, columns = round(1.6 * self.spec.height), max(4, round(width))
        grey = self.rng.uniform(40, 190)
        colors = [0.3 * random_color(self.rng) + 0.7 * grey for _ in range(2)]
        image = blend(colors, noise(self.rng, rows, columns, self.rng.uniform(0.05, 0.3), octaves=6))
        across = np.linspace(-1, 1, columns)
        image = cv2.convertScaleAbs(image * (1.05 - 0.5 * np.abs(across - 0.3))[None, :, None])
        picture = np.dstack([image, np.full((rows, columns), 255, np.uint8)])
        picture = cv2.copyMakeBorder(picture, 0, 0, 2, 2, cv2.BORDER_REPLICATE)
        picture[:, :2, 3] = picture[:, -2:, 3] = 0
        picture[..., 3] = cv2.GaussianBlur(picture[..., 3], (3, 1), 0)
        middle = np.broadcast_to(x, self.spec.length)
        shift = np.stack([middle - picture.shape[1] / 2, np.full(self.spec.length, -0.3 * self.spec.height)], axis=-1)
        return Sprite(picture, move(shift, 1.0, self.rng.normal(0, 0.03), (picture.shape[1] / 2, rows / 2)))

    def dusk(self, depth: float) -> np.ndarray:
        """Log gains (T, 3): the light falls or rises by a factor of about exp(depth), with a change of tint."""
        ends = [np.zeros(3), -depth + self.rng.uniform(-0.2, 0.2, 3)]
        return smooth_path(np.stack(ends[:: self.rng.choice((-1, 1))]), self.spec.length)

    def scene(
        self, *actors: Sprite, shake: float = 0.06, periods: tuple[float, float] = SLOW, light: np.ndarray | float = 0.0
    ) -> Scene:
        """Puts the actors, back to front, before a background.

        Args:
            *actors: sprites.
            shake: how far the camera sways, as a share of the height.
            periods: of its swaying, in frames, the shortest and the longest.
            light: log gains (T, 3).
        """
        spec, margin = self.spec, round(MARGIN * self.spec.height)
        backdrop = self.looks.background(self.rng, spec.height + 2 * margin, spec.width + 2 * margin)
        ground = Sprite(backdrop, translation(-margin, -margin))
        pan = shake * spec.height * sway(self.rng, spec.length, (2,), periods)
        pan += 0.002 * spec.height * sway(self.rng, spec.length, (2,), periods=(4, 9))  # a hand trembles
        zoom, roll = (a * sway(self.rng, spec.length, ()) for a in (0.04, 0.02))
        camera = move(pan - pan[0], 1 + zoom - zoom[0], roll - roll[0], (spec.width / 2, spec.height / 2))
        flicker = 0.06 * sway(self.rng, spec.length, (1,))
        gains = np.broadcast_to(np.exp(light + flicker), (spec.length, 3))
        return Scene([ground, *actors], camera, gains.astype(np.float32))


def smooth_path(points: np.ndarray, length: int, middle: int | None = None) -> np.ndarray:
    """A path that starts at the first point, passes near the others at equal times, and ends at the last.

    Args:
        points: float (K, n), K at least 1.
        length: number of frames, T.
        middle: of three points, the frame of the second.

    Returns:
        float64 (T, n).
    """
    times = np.linspace(0, length - 1, len(points)) if middle is None else np.array([0, middle, length - 1])
    path = np.stack([np.interp(np.arange(length), times, column) for column in np.transpose(points)], axis=-1)
    reach = max(1, min(length // (2 * max(len(points), 2)), (length - 1) // 2))
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(path, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, window / window.sum(), "valid") for column in padded.T], axis=-1)


def sway(
    rng: np.random.Generator, length: int, size: tuple[int, ...], periods: tuple[float, float] = SLOW
) -> np.ndarray:
    """To and fro: a sum of three sines with random phases and periods (in frames), from -1 to 1: (T, *size)."""
    phase, period = rng.uniform(0, 2 * np.pi, (3, 1, *size)), rng.uniform(*periods, (3, 1, *size))
    time = np.arange(length).reshape(1, length, *[1] * len(size))
    return np.sin(2 * np.pi * time / period + phase).mean(axis=0)


def spread(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Continues the colours of a thing beyond its edge, so that no rim of its old background comes along.

    Args:
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), 255 on the thing.

    Returns:
        uint8 (H, W, 3): the image inside, the colours next to it outside.
    """
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8)) if np.count_nonzero(mask) > 5000 else mask
    weight = (inner > 127).astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), 3)
    near = cv2.GaussianBlur(image * weight[..., None], (0, 0), 3) / np.maximum(total, 1e-4)[..., None]
    return np.where(weight[..., None] > 0, image, np.clip(near, 0, 255)).astype(np.uint8)


def _still(sprite: Sprite) -> Sprite:
    """The sprite at the first frame."""
    return replace(sprite, poses=sprite.poses[:1]) if sprite.poses.ndim == 3 else sprite
