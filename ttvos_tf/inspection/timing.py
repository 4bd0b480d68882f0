"""How fast a model tracks on this machine, and how much memory that takes."""

import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_whole
from ttvos_tf.media.sizes import Size, parse_size
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import find_model
from ttvos_tf.runtime.interpreter import Tensors, TFLiteModel
from ttvos_tf.runtime.objects import MAX_OBJECTS, Box

MOST_FRAMES = 10**6
WARM_UP = 5  # frames: caches fill, memory is allocated, the processor's clock rises

Report = dict[str, Any]


def measure(
    model: str, size: str | None = None, threads: int = 2, frames: int = 50, objects: int = 1, runtime: str = "auto"
) -> Report:
    """Times `Tracker.step` on frames of the model's size.

    Args:
        model: path of a `.tflite` file, or an installed model's name or the beginning of it ("mobilenet_v2").
        size: "HxW", the frame size that the model must have; None for any.
        threads: threads of the kernels.
        frames: how many steps to time, after WARM_UP more.
        objects: how many objects to track.
        runtime: "auto", "litert" or "tflite-runtime".

    Returns:
        "median_ms", "p90_ms": milliseconds of a step, from the frame's bytes to its labels; "fps": 1000 / median;
        "peak_rss_mb": most memory that this process has held, in 1e6 bytes, Python's own with it; "stages_ms": median
        of a call of each signature, of which `segment` and `update` are called once an object; "runtime", "threads",
        "size" [height, width], "model", "frames", "objects".

    Raises:
        TTVOSError: there is no such model or it cannot be loaded, or a number is out of range.
    """
    check_whole(frames, 1, MOST_FRAMES, "--frames")
    check_whole(objects, 1, MAX_OBJECTS, "--objects")
    tracker = Tracker(find_model(model, parse_size(size) if size else None), threads, runtime)
    loaded = tracker.model
    if size and loaded.size != parse_size(size):
        raise TTVOSError(f"--size: {loaded.path} takes frames of {loaded.size[0]}x{loaded.size[1]}, not {size}")
    stopwatch = _Stopwatch(loaded)
    tracker.model = stopwatch  # type: ignore[assignment]
    picture = np.random.default_rng(0).integers(0, 256, (*loaded.size, 3), np.uint8)
    tracker.start(picture, boxes=_boxes(objects, loaded.size))
    milliseconds = []
    for index in tqdm(range(WARM_UP + frames), unit="frame", desc=loaded.name, disable=None, leave=False):
        if index == WARM_UP:
            stopwatch.milliseconds.clear()
        frame = np.roll(picture, index, axis=1)
        begin = time.perf_counter()
        tracker.step(frame)
        milliseconds.append(1e3 * (time.perf_counter() - begin))
    median, p90 = np.percentile(milliseconds[WARM_UP:], [50, 90])
    return {
        "median_ms": round(float(median), 3),
        "p90_ms": round(float(p90), 3),
        "fps": round(1e3 / float(median), 2),
        "peak_rss_mb": round(peak_memory() / 1e6, 1),
        "runtime": loaded.runtime,
        "threads": threads,
        "size": list(loaded.size),
        "model": loaded.name,
        "frames": frames,
        "objects": objects,
        "stages_ms": {name: round(float(np.median(took)), 3) for name, took in stopwatch.milliseconds.items()},
    }


def peak_memory() -> int:
    """The most physical memory that this process has held so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux and Android. getrusage would count what the process was forked from, too.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class _Stopwatch:
    """A TFLiteModel that notes how long each call of its signatures takes."""

    def __init__(self, model: TFLiteModel):
        self.model, self.size = model, model.size
        self.milliseconds: dict[str, list[float]] = defaultdict(list)

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        begin = time.perf_counter()
        outputs = self.model(signature, tensors)
        self.milliseconds[signature].append(1e3 * (time.perf_counter() - begin))
        return outputs


def _boxes(count: int, size: Size) -> list[Box]:
    """Boxes side by side, half as high as the picture."""
    height, width = size[0] / 2, size[1] / count
    return [(index * width, height / 2, width, height) for index in range(count)]
