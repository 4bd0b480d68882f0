"""The command `ttvos segment`: from masks or boxes of some frames to a mask of every frame."""

import argparse
import contextlib
import dataclasses
import functools
import hashlib
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ttvos_tf.commands.options import open_json, until_interrupted
from ttvos_tf.commands.prompts import add_prompt_arguments, prompts_of
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file, atomic_folder, resolved
from ttvos_tf.media.backwards import backwards
from ttvos_tf.media.images import is_written_by_us, source_of, write_mask
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.sizes import size_of
from ttvos_tf.media.video import Seekable, open_source
from ttvos_tf.media.video_writer import VideoWriter, check_suffix
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import FOLDER, default_name
from ttvos_tf.runtime.interpreter import RUNTIMES
from ttvos_tf.runtime.prompts import Prompts
from ttvos_tf.runtime.propagate import Tracked, propagate
from ttvos_tf.runtime.scores import Score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos segment`."""
    parser.add_argument("source", metavar="SOURCE", help="a video file, a folder of frames, or a camera's number")
    add_prompt_arguments(parser)
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
    given = prompts_of(args)
    out = args.out or Path("results") / _name_of(args.source)
    origin = _origin(args.source)
    if not args.out:
        _check_origin(out, origin)
    if args.overlay:
        check_suffix(args.overlay, "an overlay")
    read = [args.source, args.prompts, *(each.mask for each in given), args.model, args.encoder, FOLDER]
    replaceable = is_written_by_us if args.out else functools.partial(_is_mask_of, origin)
    files = {"--overlay": args.overlay, "--json": args.json}
    check = functools.partial(check_outputs, read, files, {"--out": out})
    check(replaceable)
    source = open_source(args.source)
    if args.backward and not isinstance(source, Seekable):
        raise TTVOSError(f"--backward: {args.source} cannot be read backwards: record it to a file first")
    frames = until_interrupted(source) if source.live else iter(source)
    first = next(frames, None)
    if first is None:
        raise TTVOSError(f"{args.source}: delivered no frame")
    size = size_of(first[1])
    prompts = Prompts(given, size, source.count)
    tracker = Tracker(args.model or default_name(), args.threads, args.runtime, args.encoder, args.delegate)
    numbered = ((index, *each) for index, each in enumerate(itertools.chain([first], frames)))
    with contextlib.ExitStack() as outputs:
        # All are opened before the work, and renamed after it, last opened first: the report comes when all is there.
        write_report = outputs.enter_context(open_json(args.json, read))
        folder = outputs.enter_context(atomic_folder(out, replaceable))
        video = None
        if args.overlay:
            path = outputs.enter_context(atomic_file(args.overlay))
            video = outputs.enter_context(VideoWriter(path, source.fps, size, args.overlay))
        back = None
        if isinstance(source, Seekable) and args.backward:
            back = tqdm(
                backwards(source, prompts.last), total=prompts.last + 1, unit="frame", desc="backwards", disable=None
            )
        followed = propagate(tracker, numbered, prompts, back, out.parent)
        seconds: list[float] = []
        scores: list[dict] = []
        # The bar is for terminals: in a log, an error shall be the one line on stderr.
        for tracked in tqdm(followed, total=source.count, unit="frame", desc="tracking", disable=None):
            seconds.append(tracked.seconds)
            write_mask(folder / f"{tracked.name}.png", tracked.labels, origin)
            if args.json:
                scores += _entries(tracked)
            if video:
                video.write(draw_overlay(tracked.frame, tracked.labels))
        report = {
            "frames": len(seconds),
            "fps": _rate(seconds[1:]),
            "model": tracker.model.name,
            "runtime": tracker.model.runtime,
            "objects": list(prompts.frames),
            "out": str(out),
            "scores": scores,
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


def _entries(tracked: Tracked) -> list[dict]:
    """What the report has of each object in a frame."""
    place = {"frame": tracked.index, "name": tracked.name}
    return [{**place, "object": i, **_rounded(score)} for i, score in tracked.scores.items()]


def _rounded(score: Score) -> dict:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in dataclasses.asdict(score).items()
    }


def _rate(seconds: Sequence[float]) -> float | None:
    """Frames per second of tracking; files are not counted, and the first frame begins what the others go on from."""
    return round(len(seconds) / sum(seconds), 2) if seconds else None


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
