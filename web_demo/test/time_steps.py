"""CPU milliseconds of `step` in Python, as the page's worker times it: python time_steps.py THREADS COUNT"""

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ttvos_tf.runtime.interpreter import TFLiteModel
from ttvos_tf.runtime.letterbox import letterbox

CHECK = Path(__file__).resolve().parent.parent / "public" / "selfcheck"
MODEL = "mobilenet_v2_240x432_int8"


def main() -> None:
    """Warms up, then times."""
    threads, count = map(int, sys.argv[1:])
    model = TFLiteModel(MODEL, threads)
    picture, given = (np.asarray(Image.open(CHECK / f"{name}.png")) for name in ("first", "given"))
    placed = letterbox(given.shape, model.size)
    frame = placed.frame_to_model(picture)
    state = model("init", {"frame": frame, "mask": placed.mask_to_model(given > 0)})
    begun = 0.0
    for i in range(2 * count):
        if i == count:
            begun = time.process_time()
        state = model("step", {"frame": frame, **state})
        state.pop("probability")
    print(1000 * (time.process_time() - begun) / count)


if __name__ == "__main__":
    main()
