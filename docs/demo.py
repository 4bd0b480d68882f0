"""Draws the README's moving picture, `demo.webp`: the bundled clip, and beside it the labels of the default model.

python docs/demo.py
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ttvos_tf.media.images import davis_palette, read_mask
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import default_name
from ttvos_tf.sample.render import FIRST_MASK, VIDEO

EVERY = 2  # frames of the clip a picture
SIZE = (400, 225)  # width, height of the clip in pixels


def main() -> None:
    """Tracks, draws and writes."""
    source = open_source(VIDEO)
    tracker = Tracker(default_name())
    pictures = []
    for index, (_, frame) in enumerate(source):
        labels = tracker.step(frame) if index else tracker.start(frame, read_mask(FIRST_MASK))
        if index % EVERY == 0:
            sides = np.hstack([draw_overlay(frame, labels), davis_palette()[labels]])
            picture = cv2.resize(sides, (2 * SIZE[0], SIZE[1]), interpolation=cv2.INTER_AREA)
            pictures.append(Image.fromarray(picture))
    out = Path(__file__).with_name("demo.webp")
    duration = round(1000 * EVERY / source.fps)
    pictures[0].save(out, save_all=True, append_images=pictures[1:], duration=duration, loop=0, quality=70, method=6)


if __name__ == "__main__":
    main()
