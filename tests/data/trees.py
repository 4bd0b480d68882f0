"""Tiny data sets, written by the tests: red objects on blue, so that an image tells its own mask."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.clip import Clip, ClipSpec

RED, GREEN, BLUE = (200, 40, 40), (40, 200, 40), (40, 40, 200)
SIZE = 96, 160
BARE = Augmentation(occluder_probability=0.0)  # occluders have any colour, and tests know targets by theirs


def labels_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Ids 1, 2, ... in boxes (x, y, width, height) of a frame of SIZE."""
    labels = np.zeros(SIZE, np.uint8)
    for label, (x, y, width, height) in enumerate(boxes, start=1):
        labels[y : y + height, x : x + width] = label
    return labels


def painted(labels: np.ndarray) -> np.ndarray:
    colors = np.array([BLUE, RED, GREEN], np.uint8)
    return colors[np.minimum(labels, 2)] if labels.max() < 3 else colors[np.where(labels == 255, 0, labels)]


def write_image(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])


def write_mask(path: Path, labels: np.ndarray, mode: str = "P") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = Image.fromarray(labels)
    if mode == "P":
        mask = Image.frombytes("P", labels.shape[::-1], labels.tobytes())
        mask.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    mask.convert(mode).save(path)


def write_davis(base: Path, videos: dict[str, list[np.ndarray]], year: str = "2016", split: str = "train") -> None:
    """videos: name -> label map of each frame; 2016 masks are written black and white, 2017 ones paletted."""
    for name, frames in videos.items():
        for t, labels in enumerate(frames):
            write_image(base / f"JPEGImages/480p/{name}/{t:05d}.jpg", painted(labels))
            annotation = base / f"Annotations/480p/{name}/{t:05d}.png"
            if year == "2016":
                write_mask(annotation, np.where(labels, np.uint8(255), np.uint8(0)), "L")
            else:
                write_mask(annotation, labels)
    listing = base / f"ImageSets/{year}/{split}.txt"
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text("\n".join(videos) + "\n")


def write_saliency(root: Path, images: str = "images", masks: str = "annotations", count: int = 3) -> None:
    for index in range(count):
        labels = labels_of((30 + 10 * index, 20 + 5 * index, 50, 45))
        write_image(root / images / f"{index}.jpg", painted(labels))
        write_mask(root / masks / f"{index}.png", labels * 255, "L")


def sliding(length: int = 8) -> list[np.ndarray]:
    """One object that goes right, two pixels a frame."""
    return [labels_of((30 + 2 * t, 30, 50, 40)) for t in range(length)]


def is_red(frames: np.ndarray) -> np.ndarray:
    return frames[..., 0].astype(int) > frames[..., 2]


def inner(mask: np.ndarray, pixels: int = 3) -> np.ndarray:
    """The pixels (T, H, W) at least so far inside the mask; what lies beyond the frame is not in it."""
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return (
        np.stack(
            [cv2.erode(frame.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) for frame in mask]
        )
        > 0
    )


def check_clip(clip: Clip, spec: ClipSpec) -> None:
    assert clip.frames.dtype == clip.masks.dtype == np.uint8
    assert clip.frames.shape == (spec.length, spec.height, spec.width, 3)
    assert clip.masks.shape == (spec.length, spec.height, spec.width)
    assert set(np.unique(clip.masks)) <= {0, 1, 255}
    assert np.count_nonzero(clip.masks[0] == 1) >= spec.height * spec.width / 1000
    assert clip.frames.flags.c_contiguous
    assert clip.masks.flags.c_contiguous


@dataclass(frozen=True)
class NoisyClips:
    """A source that notes the id of the process that draws it in a file, and fails if that has TensorFlow."""

    log: Path
    wait: float = 0.0

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        assert "tensorflow" not in sys.modules
        with open(self.log, "a") as log:
            log.write(f"{os.getpid()}\n")
        time.sleep(self.wait)
        print("this line does not belong between the batches")
        frames = rng.integers(0, 256, (spec.length, spec.height, spec.width, 3), np.uint8)
        return Clip(frames, frames[..., 0] & 1)


@dataclass(frozen=True)
class FailingClips:
    error: Exception

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        raise self.error


@dataclass(frozen=True)
class DyingClips:
    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        os._exit(7)


@dataclass(frozen=True)
class GreedyClips:
    """A source that wants more memory than there is, by NumPy or by OpenCV."""

    by_opencv: bool

    def sample(self, rng: np.random.Generator, spec: ClipSpec) -> Clip:
        if self.by_opencv:
            cv2.resize(np.zeros((2, 2, 3), np.float32), (1 << 15, 1 << 15))
        return Clip(*np.empty((2, 1 << 33), np.uint8))
