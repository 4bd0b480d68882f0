"""Writes what the page's self-check compares with: python web_demo/tools/write_selfcheck.py

Two frames of the sample clip, the first one's masks, and for every installed model the masks that Python's tracker
gives the second. Written at every build, so they are always those of the models that the page is built with.
"""

from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import installed
from ttvos_tf.sample.render import FIRST_MASK

ROOT = Path(__file__).resolve().parent.parent
CLIP, FOLDER = ROOT / "public" / "sample" / "sample.webm", ROOT / "public" / "selfcheck"
LATER = 4  # the second frame: far enough for the masks to differ from the given ones
SIZE = (427, 240)


def main() -> None:
    """Writes the pictures and the masks."""
    from PIL import Image

    FOLDER.mkdir(parents=True, exist_ok=True)
    frames = [frame for _, frame in zip(range(LATER + 1), (frame for _, frame in open_source(CLIP)), strict=False)]
    first, second = (cv2.resize(frames[index], SIZE, interpolation=cv2.INTER_AREA) for index in (0, LATER))
    given = cv2.resize(np.asarray(Image.open(FIRST_MASK)), SIZE, interpolation=cv2.INTER_NEAREST)
    for name, picture in (("first", first), ("second", second), ("given", given)):
        Image.fromarray(picture).save(FOLDER / f"{name}.png", optimize=True)
    for name in installed():
        tracker = Tracker(name)
        tracker.start(first, given)
        Image.fromarray(tracker.step(second)).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
