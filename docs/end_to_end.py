"""Compares `ttvos segment` with the network alone: `python docs/end_to_end.py`, on a quiet machine with two cores.

All read the bundled clip, forwards and backwards, five times over. The network alone has the frames in memory. A
command is timed whole, with the model's loading. Runs take turns; the medians count.
"""

import contextlib
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ttvos_tf import cli
from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_whole
from ttvos_tf.media.video_writer import VideoWriter
from ttvos_tf.runtime import Tracker, open_source
from ttvos_tf.sample.render import FPS, VIDEO

MODEL = "mobilenet_v2_480x864_int8"
BOX = (115, 324, 218, 83)
THREADS = 2


@run_script("end_to_end.py")
def main(argv: list[str]) -> None:
    """Measures and prints."""
    parser = Parser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each is timed (default: 5)")
    args = parser.parse_args(argv)
    check_whole(args.rounds, 1, 1000, "--rounds")
    once = [frame for _, frame in open_source(VIDEO)]
    frames = 5 * [*once, *once[::-1]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with VideoWriter(folder / "clip.mp4", FPS, once[0].shape[:2]) as video:
            for frame in frames:
                video.write(frame)
        runs: dict[str, Callable[[], object]] = {
            "network alone": lambda: track(frames),
            "masks": lambda: segment(folder),
            "masks and overlay": lambda: segment(folder, "--overlay", str(folder / "seen.mp4")),
        }
        seconds: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(args.rounds):
            for what, run in runs.items():
                seconds[what].append(timed(run))
    alone = statistics.median(seconds["network alone"])
    print(f"{len(frames)} frames, {MODEL}, {THREADS} threads, one object, median of {args.rounds}:")
    for what, each in seconds.items():
        median = statistics.median(each)
        print(f"  {what:<20}{1000 * median / len(frames):7.1f} ms a frame{median / alone:7.2f} times the network")


def track(frames: list[np.ndarray]) -> None:
    """The network, without anything read or written."""
    tracker = Tracker(MODEL, THREADS)
    tracker.start(frames[0], boxes=[BOX])
    for frame in frames[1:]:
        tracker.step(frame)


def segment(folder: Path, *options: str) -> None:
    """The command, as a user gives it."""
    command = ["segment", str(folder / "clip.mp4"), f"--box={','.join(map(str, BOX))}", "--model", MODEL]
    with contextlib.redirect_stdout(io.StringIO()):
        if cli.main([*command, "--threads", str(THREADS), "--out", str(folder / "masks"), *options]):
            raise TTVOSError("ttvos segment failed")


def timed(run: Callable[[], object]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
