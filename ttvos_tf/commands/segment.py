"""The command `ttvos segment`: from the first frame's mask or boxes to a mask of every frame."""

import argparse
import contextlib
import functools
import hashlib
import os
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.commands.options import open_json, until_interrupted
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file, atomic_folder, resolved
from ttvos_tf.media.images import is_written_by_us, read_mask, source_of, write_mask
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.sizes import Size
from ttvos_tf.media.video import open_source
from ttvos_tf.media.video_writer import VideoWriter, check_suffix
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import FOLDER, default_name
from ttvos_tf.runtime.interpreter import RUNTIMES
from ttvos_tf.runtime.objects import Box, objects_in_mask

NO_OBJECT = (
    "give the objects in the first frame: --mask FIRST.png, or --box X,Y,W,H: left, top, width and height in pixels, "
    "as image editors show them (ffmpeg -i VIDEO -frames:v 1 first.png writes that frame)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos segment`."""
    parser.add_argument("source", metavar="SOURCE", help="a video file, a folder of frames, or a camera's number")
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--mask",
        metavar="FIRST.png",
        help="this or --box: the objects in the first frame: 8-bit image of its size, pixel value = id, 0 = background",
    )
    given.add_argument(
        "--box",
        type=_box,
        action="append",
        metavar="X,Y,W,H",
        help="a box around an object in the first frame: left, top, width, height in pixels; once for every object",
    )
    parser.add_argument(
        "--model",
        metavar="NAME|PATH",
        help="installed model (or how it begins), or .tflite file (default: the best)",
    )
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="of a Coral pair, whose head is --model")
    parser.add_argument("--delegate", metavar="LIB", help="library for the encoder: libedgetpu.so.1 (default: the CPU)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the masks, <frame>.png (default: results/<source>, unless it is another source's)",
    )
    parser.add_argument(
        "--overlay",
        type=Path,
        metavar="FILE.mp4",
        help="also a video with the objects in colour, without sound: .mp4 or .webm",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the model (default: 2)")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was done, and how fast, as JSON")


def run(args: argparse.Namespace) -> None:
    """Tracks, writes the outputs, each whole or not at all, and prints where they are.

    Raises:
        TTVOSError: bad input, or an output that cannot be written; then nothing is.
    """
    if not (args.mask or args.box):
        raise TTVOSError(NO_OBJECT)
    out = args.out or Path("results") / _name_of(args.source)
    origin = _origin(args.source)
    if not args.out:
        _check_origin(out, origin)
    if args.overlay:
        check_suffix(args.overlay)
    read = [args.source, args.mask, args.model, args.encoder, FOLDER]
    replaceable = is_written_by_us if args.out else functools.partial(_is_mask_of, origin)
    files = {"--overlay": args.overlay, "--json": args.json}
    check = functools.partial(check_outputs, read, files, {"--out": out})
    check(replaceable)
    source = open_source(args.source)
    frames = until_interrupted(source) if source.live else iter(source)
    name, frame = next(frames, ("", None))
    if frame is None:
        raise TTVOSError(f"{args.source}: delivered no frame")
    size = frame.shape[0], frame.shape[1]
    mask = _read_first_mask(args.mask, size) if args.mask else None
    tracker = Tracker(args.model or default_name(), args.threads, args.runtime, args.encoder, args.delegate)
    labels = tracker.start(frame, mask, args.box)
    with contextlib.ExitStack() as outputs:
        # All are opened before the work, and renamed after it, last opened first: the report comes when all is there.
        write_report = outputs.enter_context(open_json(args.json, read))
        folder = outputs.enter_context(atomic_folder(out, replaceable))
        video = None
        if args.overlay:
            path = outputs.enter_context(atomic_file(args.overlay))
            video = outputs.enter_context(VideoWriter(path, source.fps, size, args.overlay))

        def write(name: str, frame: np.ndarray, labels: np.ndarray) -> None:
            write_mask(folder / f"{name}.png", labels, origin)
            if video:
                video.write(draw_overlay(frame, labels))

        write(name, frame, labels)
        seconds: list[float] = []
        # The bar is for terminals: in a log, an error shall be the one line on stderr.
        for name, frame in tqdm(frames, total=source.count, initial=1, unit="frame", desc="tracking", disable=None):
            begin = time.perf_counter()
            labels = tracker.step(frame)
            seconds.append(time.perf_counter() - begin)
            write(name, frame, labels)
        report = {
            "frames": 1 + len(seconds),
            "fps": round(len(seconds) / sum(seconds), 2) if seconds else None,  # of tracking; files are not counted
            "model": tracker.model.name,
            "runtime": tracker.model.runtime,
            "objects": list(tracker.ids),
            "out": str(out),
        }
        if video:
            video.close()
        check()  # again, and before the first rename: the work took a while
        write_report(report)
    _print_summary(report, args)


def _origin(source: str) -> str:
    """Tells sources of one name apart, and tells nothing of the folders that they lie in."""
    return hashlib.sha256(os.fsencode(resolved(Path(source)))).hexdigest()[:16]


def _check_origin(out: Path, origin: str) -> None:
    """Refuses the default folder if it holds the masks of another source of that name."""
    if any(is_written_by_us(file) and not _is_mask_of(origin, file) for file in sorted(out.glob("*.png"))[:1]):
        raise TTVOSError(f"{out}: holds the masks of another source of that name: choose a folder with --out")


def _is_mask_of(origin: str, file: Path) -> bool:
    """Whether a file is a mask of that source, or one of before masks told their source."""
    return source_of(file) in ("", origin)


def _read_first_mask(path: str, size: Size) -> np.ndarray:
    """Reads the first frame's mask and checks it; the tracker's own check could not name the file."""
    mask = read_mask(path)
    objects_in_mask(mask, size, path)
    return mask


def _box(text: str) -> Box:
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected X,Y,W,H in pixels, 210,80,120,300 for instance, not {text!r}"
        ) from None
    return x, y, width, height


def _name_of(source: str) -> str:
    """What results of a source are called: "walk" of videos/walk.mp4, "camera0" of 0."""
    path = Path(source)
    return resolved(path).stem if os.path.exists(path) else f"camera{source}"


def _print_summary(report: dict, args: argparse.Namespace) -> None:
    speed = f", {report['fps']} frames per second (files not counted)" if report["fps"] else ""
    model = f"{report['model']}, {report['runtime']}, {args.threads} threads"
    print(f"{report['frames']} frames, objects {report['objects']}{speed} with {model}")
    print(f"masks:   {report['out']}")
    if args.overlay:
        print(f"overlay: {args.overlay}")
    if args.json:
        print(f"JSON:    {args.json}")
