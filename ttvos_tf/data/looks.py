"""What the things and places of a scene look like: painted, or cut out of stills that no training may see.

A source of looks hands out things that are alike, things with thin parts, and backgrounds. Scenes (challenge.py) are
made of them without knowing where they come from.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from ttvos_tf.contract import VOID
from ttvos_tf.data import synthetic
from ttvos_tf.data.augment import Colors, bounding_box
from ttvos_tf.data.held_out import ONE_IN, held_out
from ttvos_tf.data.stills import fill, image_pairs
from ttvos_tf.data.texture import outline, shade, surface
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of

Thing = tuple[np.ndarray, np.ndarray]  # image uint8 (h, w, 3) RGB, and mask uint8 (h, w), 255 on the thing

SIZE = 256  # of a painted thing, in pixels
ATTEMPTS = 200
CANDIDATES = 8  # stills looked at for one with thin parts
PLACES = 3  # stills looked at for one with much background
SMALLEST = 56  # square root of the area of a thing's box in a still, in pixels: smaller ones are blurred when enlarged


class Looks(Protocol):
    """A source of looks; the same generator state gives the same looks."""

    def alike(self, rng: np.random.Generator, count: int) -> list[Thing]:
        """So many things of one kind."""
        ...

    def thin(self, rng: np.random.Generator) -> Thing:
        """A thing with thin parts."""
        ...

    def background(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """A place: uint8 (height, width, 3)."""
        ...


class PaintedLooks:
    """Shaded bodies of random materials, as in synthetic clips. Needs no data."""

    def alike(self, rng: np.random.Generator, count: int) -> list[Thing]:
        """Things of one material; about half have the same outline."""
        material = surface(rng, 2 * SIZE, 2 * SIZE)
        common = outline(rng, SIZE)
        masks = [common] + [common if rng.random() < 0.5 else outline(rng, SIZE) for _ in range(count - 1)]
        return [self._body(rng, material, mask) for mask in masks]

    def thin(self, rng: np.random.Generator) -> Thing:
        """A small body with three to six bent legs and a ring with spokes."""
        mask = np.zeros((SIZE, SIZE), np.uint8)
        center = SIZE * rng.uniform(0.4, 0.6, 2)
        small = cv2.resize(outline(rng, SIZE), None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
        x, y = np.round(center - len(small) / 2).astype(int)
        mask[y : y + len(small), x : x + len(small)] = small
        for angle in rng.uniform(0, 0.7) + 2 * np.pi * np.arange(legs := rng.integers(3, 7)) / legs:
            bends = angle + np.cumsum(rng.normal(0, 0.35, 5))
            steps = 0.09 * SIZE * np.stack([np.cos(bends), np.sin(bends)], axis=-1)
            _stroke(mask, center + np.cumsum(np.vstack([np.zeros((1, 2)), steps]), axis=0), rng.integers(4, 8))
        hub, radius = SIZE * rng.uniform(0.25, 0.75, 2), SIZE * rng.uniform(0.13, 0.2)
        turns = np.linspace(0, 2 * np.pi, 49)
        rim = hub + radius * np.stack([np.cos(turns), np.sin(turns)], axis=-1)
        _stroke(mask, rim, 6)
        for point in rim[:-1:8]:
            _stroke(mask, np.stack([hub, point]), 3)
        _stroke(mask, np.stack([hub, center]), 6)
        return self._body(rng, surface(rng, 2 * SIZE, 2 * SIZE), mask)

    def background(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """Two mottled regions with clutter."""
        return synthetic.background(rng, height, width)

    def _body(self, rng: np.random.Generator, material: np.ndarray, mask: np.ndarray) -> Thing:
        x, y = rng.integers(0, SIZE + 1, 2)
        return shade(material[y : y + SIZE, x : x + SIZE], mask), mask


class StillLooks:
    """Things cut out of the held-out images of data sets, and these images without their things as places.

    Things that touch the border of their image are left out, for they are cut off there, and small ones.

    Args:
        saliency: folders of images with one thing each, see saliency.py.
        objects: folders `images/` + `annotations/` of images with several things, mostly of one kind: masks hold ids
            1, 2, ..., and 255 where nothing is told.

    Raises:
        TTVOSError: no folder, a folder in another layout, or folders without held-out images.
    """

    def __init__(self, saliency: Sequence[str | Path] = (), objects: Sequence[str | Path] = ()):
        self.singles = [pair for root in saliency for pair in image_pairs(root) if held_out(pair[0])]
        self.groups = [pair for root in objects for pair in image_pairs(root) if held_out(pair[0])]
        if not self.singles + self.groups:
            given = ", ".join(map(str, [*saliency, *objects])) or "stills"
            raise TTVOSError(f"{given}: no held-out image (about one in {ONE_IN} is): give a larger data set")

    def alike(self, rng: np.random.Generator, count: int) -> list[Thing]:
        """Things of one picture, of about one size and colour, and recoloured copies, mostly mirrored."""
        wants_group = bool(self.groups) and (count > 1 or not self.singles or rng.random() < 0.5)
        pairs = self.groups if wants_group else self.singles
        for _ in range(ATTEMPTS):
            found = self._draw(rng, pairs)
            if len(found) >= (2 if wants_group and count > 1 else 1):
                break
        else:
            raise TTVOSError(f"{pairs[0][1].parent}: almost no held-out mask shows a whole thing")
        # The first is the largest: a thing that is hidden by others of its picture is seldom that.
        first, *others = sorted(found, key=lambda thing: -np.count_nonzero(thing[1]))
        others = [each for each in others if np.count_nonzero(each[1]) > 0.3 * np.count_nonzero(first[1])]
        things = [first, *sorted(others, key=lambda other: _contrast(first, other))[: max(count - 2, 0)]]
        while len(things) < count:
            copy, mask = Colors.random(rng, strength=0.3)(first[0]), first[1]
            things.append((copy[:, ::-1], mask[:, ::-1]) if rng.random() < 0.7 else (copy, mask))
        return things

    def thin(self, rng: np.random.Generator) -> Thing:
        """The one of several with the largest share of thin parts."""
        return max((self.alike(rng, 1)[0] for _ in range(CANDIDATES)), key=lambda thing: thin_share(thing[1]))

    def background(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """The image of several that its things hide least of, without them: the largest part of the wanted aspect."""
        pairs = self.singles or self.groups
        drawn = [pairs[index] for index in rng.integers(len(pairs), size=PLACES)]
        image, mask = min(map(_read, drawn), key=lambda pair: np.count_nonzero(pair[1]) / pair[1].size)
        image = fill(image, np.where(mask, np.uint8(255), np.uint8(0))) if mask.any() else image
        scale = max(height / len(image), width / image.shape[1])
        size = max(width, round(scale * image.shape[1])), max(height, round(scale * len(image)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        top, left = rng.integers(size[1] - height + 1), rng.integers(size[0] - width + 1)
        image = image[top : top + height, left : left + width]
        return np.ascontiguousarray(image[:, ::-1] if rng.random() < 0.5 else image)

    def _draw(self, rng: np.random.Generator, pairs: list[tuple[Path, Path]]) -> list[Thing]:
        """The things of a random picture that are whole and not small."""
        image, mask = _read(pairs[rng.integers(len(pairs))])
        if pairs is self.singles:
            marked = [mask > 127]
        else:
            marked = [mask == value for value in np.unique(mask) if value not in (0, VOID)]
        return [cut for each in marked if each.any() and (cut := _cut(image, each)) is not None]


def thin_share(mask: np.ndarray) -> float:
    """Share of a thing (mask uint8 (H, W)) that is thinner than a sixteenth of its box."""
    box = bounding_box(mask)
    mask = mask[box.y : box.y + box.height, box.x : box.x + box.width]
    thick = 2 * (round(np.sqrt(box.width * box.height) / 16) // 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick))
    opened = cv2.morphologyEx(np.pad(mask, thick), cv2.MORPH_OPEN, kernel)
    return 1 - np.count_nonzero(opened > 127) / max(int(np.count_nonzero(mask > 127)), 1)


def _contrast(one: Thing, other: Thing) -> float:
    """Distance of two things' mean colours."""
    first, second = (image[mask > 127].mean(axis=0) for image, mask in (one, other))
    return float(np.linalg.norm(first - second))


def _read(paths: tuple[Path, Path]) -> tuple[np.ndarray, np.ndarray]:
    """An image, and its mask's values."""
    image = read_image(paths[0], upright=False)
    return image, read_mask(paths[1], size_of(image), any_image=True)


def _cut(image: np.ndarray, marked: np.ndarray) -> Thing | None:
    """A thing and its surroundings; None if it is small or touches the border of its image."""
    box, room = bounding_box(marked), 4
    left, top, right, bottom = box.x - room, box.y - room, box.x + box.width + room, box.y + box.height + room
    if box.width * box.height < SMALLEST**2 or min(left, top) < 0 or right > image.shape[1] or bottom > len(image):
        return None
    part = slice(top, bottom), slice(left, right)
    return image[part], np.where(marked[part], np.uint8(255), np.uint8(0))


def _stroke(mask: np.ndarray, points: np.ndarray, width: int | np.integer) -> None:
    corners = np.round(points * 16).astype(np.int32)
    cv2.polylines(mask, [corners], isClosed=False, color=(255,), thickness=int(width), lineType=cv2.LINE_AA, shift=4)
