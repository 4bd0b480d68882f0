"""Masks that are hard to write as polygons, and a clip whose object comes, has parts and a hole, and goes."""

import cv2
import numpy as np

from tests.clips import clip


def ring():
    mask = np.zeros((64, 96), np.uint8)
    cv2.circle(mask, (40, 30), 20, 1, -1)
    cv2.circle(mask, (40, 30), 9, 0, -1)
    cv2.circle(mask, (40, 30), 3, 1, -1)
    cv2.rectangle(mask, (80, 0), (95, 12), 1, -1)
    return mask > 0


def small():
    mask = np.zeros((64, 96), bool)
    mask[3, 4] = mask[10, 20:22] = mask[63, 95] = True
    return mask


def holes():
    mask = np.ones((64, 96), bool)
    for row in range(4, 60, 9):
        for column in range(5, 90, 11):
            mask[row : row + 4, column : column + 3] = False
    return mask


MASKS = {"ring": ring, "small": small, "holes": holes, "all": lambda: np.ones((64, 96), bool)}


def video():
    """names, frames uint8 (4, H, W, 3), labels uint8 (4, H, W): object 2 is a ring with parts and is away once."""
    frames, labels = clip(4, ids=(1,))
    for index in (0, 1, 3):
        labels[index][ring() & (labels[index] == 0)] = 2
    return [f"{index:05d}" for index in range(4)], frames, labels


def write_video(writer):
    """Gives a writer of annotations all of `video()`."""
    for each in zip(*video(), strict=True):
        writer.add(*each)
    writer.close()
