"""The command `ttvos benchmark`: how fast a model tracks on this machine, and how much memory that takes."""

import argparse
import contextlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.files import whole_file
from ttvos_tf.runtime.geometry import Size, parse_size
from ttvos_tf.runtime.interpreter import RUNTIMES, Model, Tensors
from ttvos_tf.runtime.masks import Box
from ttvos_tf.runtime.models import SUFFIX, find_model, find_name

WARM_UP = 5  # frames: caches fill, memory is allocated, the processor's clock rises

Report = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos benchmark`."""
    parser.add_argument(
        "model", metavar="MODEL", help="a .tflite file, or an installed model's name or the beginning of it"
    )
    parser.add_argument("--size", metavar="HxW", help="the frame size that the model must have, 480x864 for instance")
    add_measure_arguments(parser)


def add_measure_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how to measure."""
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the model (default: 2)")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--frames", type=int, default=50, metavar="N", help="frames to time (default: 50)")
    parser.add_argument("--objects", type=int, default=1, metavar="K", help="objects to track (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")


def run(args: argparse.Namespace) -> None:
    """Measures, prints, and writes the JSON if asked.

    Raises:
        TTVOSError: no such model, no model of that size, a number out of range, or a file that cannot be written.
    """
    with whole_file(args.json) if args.json else contextlib.nullcontext() as json_file:
        report = measure(args.model, args.size, args.threads, args.frames, args.objects, args.runtime)
        if json_file:
            json_file.write_text(json.dumps(report, indent=2) + "\n")
    stages = ", ".join(f"{stage} {took:.1f}" for stage, took in report["stages_ms"].items())
    print("{}: frames {}x{}".format(report["model"], *report["size"]))
    print(f"{report['frames']} frames, {report['objects']} objects, {report['threads']} threads, {report['runtime']}")
    print(f"step    {report['median_ms']:.1f} ms median, {report['p90_ms']:.1f} ms p90: {report['fps']:.1f} frames/s")
    print(f"calls   {stages} ms median")
    print(f"memory  {report['peak_rss_mb']:.0f} MB peak of the whole process")


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
    for option, value in {"--frames": frames, "--objects": objects}.items():
        if value < 1:
            raise TTVOSError(f"{option}: must be at least 1, not {value}")
    tracker = Tracker(_find(model, size), threads, runtime)
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
    """A Model that notes how long each call of its signatures takes."""

    def __init__(self, model: Model):
        self.model, self.size = model, model.size
        self.milliseconds: dict[str, list[float]] = defaultdict(list)

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        begin = time.perf_counter()
        outputs = self.model(signature, tensors)
        self.milliseconds[signature].append(1e3 * (time.perf_counter() - begin))
        return outputs


def _find(model: str, size: str | None) -> Path:
    """The file that a path, or a whole or shortened name, means."""
    if Path(model).is_file() or Path(model).suffix == SUFFIX:
        return find_model(model)
    return find_model(find_name(model, parse_size(size) if size else None))


def _boxes(count: int, size: Size) -> list[Box]:
    """Boxes side by side, half as high as the picture."""
    height, width = size[0] / 2, size[1] / count
    return [(index * width, height / 2, width, height) for index in range(count)]
