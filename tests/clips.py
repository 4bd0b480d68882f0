"""Rendered clips and files of them for the tests of what runs models: coloured squares that move over a pattern."""

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.media.images import write_mask

SIZE = (64, 96)
COLOURS = {1: (210, 30, 30), 2: (30, 30, 210), 3: (220, 210, 40)}
STARTS = {1: (6, 8), 2: (36, 20), 3: (20, 64)}


def clip(length, ids=(1,), size=SIZE):
    """frames uint8 (T, H, W, 3), labels uint8 (T, H, W): a square for every id, drifting to the right."""
    rng = np.random.default_rng(0)
    pattern = cv2.GaussianBlur(rng.integers(0, 256, (*size, 3), np.uint8), (0, 0), 3) // 4 + np.uint8([60, 90, 60])
    frames, labels = np.tile(pattern, (length, 1, 1, 1)), np.zeros((length, *size), np.uint8)
    scale = min(size[0] / SIZE[0], size[1] / SIZE[1])
    for t in range(length):
        for i in ids:
            top, left = (round(scale * (each + drift)) for each, drift in zip(STARTS[i], (t // 4, t), strict=True))
            place = np.s_[t, top : top + round(20 * scale), left : left + round(22 * scale)]
            frames[place], labels[place] = COLOURS[i], i
    return frames, labels


def large_target(length, size):
    """A clip whose target stays large: networks track it on pictures that are too small for anything else."""
    drawn = SyntheticClips().sample(np.random.default_rng(0), ClipSpec(length, *size))
    assert min((mask == TARGET).mean() for mask in drawn.masks) > 0.1
    return drawn


def two_masks(clip):
    """Boolean (H, W) of a clip's target in the first frame, and of a place beside it for a second object."""
    target = clip.masks[0] == TARGET
    return [target, np.roll(target, target.shape[1] // 4, axis=1) & ~target]


def write_video(path, frames, fourcc="MJPG", fps=20):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, frames.shape[2:0:-1])
    assert writer.isOpened(), fourcc
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def write_frames(folder, frames):
    folder.mkdir(parents=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:05d}.png"), frame[..., ::-1])
    return folder


def write_walk(folder, length):
    """Leaves a clip of objects 1 and 2 as `walk.avi` and as `frames/`, and its first mask as `first.png`.

    Returns:
        All masks, uint8 (T, H, W).
    """
    frames, labels = clip(length, ids=(1, 2))
    write_video(folder / "walk.avi", frames)
    write_frames(folder / "frames", frames)
    write_mask(folder / "first.png", labels[0])
    return labels
