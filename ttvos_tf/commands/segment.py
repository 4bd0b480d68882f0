"""The command `ttvos segment`: from masks or boxes of some frames to the objects in every frame."""

import argparse
import contextlib
import dataclasses
import functools
import itertools
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ttvos_tf.commands.options import add_threads_argument, noted_stops, open_json
from ttvos_tf.commands.outputs import Output, Places, add_output_arguments, check_names, open_outputs, places_of
from ttvos_tf.commands.prompts import add_prompt_arguments, prompts_of
from ttvos_tf.commands.resume import add_resume_argument, check_resume, keeping_of
from ttvos_tf.commands.sources import name_of, origin_of, split
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import Together
from ttvos_tf.media.backwards import backwards
from ttvos_tf.media.pipeline import ahead, behind
from ttvos_tf.media.sizes import size_of
from ttvos_tf.media.stopwatch import Stopwatch
from ttvos_tf.media.video import Seekable, Source, open_source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import FOLDER, default_name
from ttvos_tf.runtime.interpreter import RUNTIMES
from ttvos_tf.runtime.prompts import Prompt, Prompts
from ttvos_tf.runtime.propagate import Tracked, propagate
from ttvos_tf.runtime.scores import Score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos segment`."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a video file, a folder of frames, frames by a pattern (walk/%%04d.png, 'walk/*.png'), an http or rtsp "
        "address, - for standard input, or a camera's number; of several, each is tracked by itself, and {name} in "
        "other options stands for its name",
    )
    add_prompt_arguments(parser)
    parser.add_argument(
        "--model",
        metavar="NAME|PATH",
        help="installed model (or how it begins), or .tflite file (default: the best)",
    )
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="of a Coral pair, whose head is --model")
    parser.add_argument("--delegate", metavar="LIB", help="library for the encoder: libedgetpu.so.1 (default: the CPU)")
    add_output_arguments(parser)
    add_resume_argument(parser)
    add_threads_argument(parser)
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was done, and how fast, as JSON")
    parser.add_argument("--profile", action="store_true", help="also print where time went")


def run(args: argparse.Namespace) -> None:
    """Tracks, writes the outputs, each whole or not at all, and prints where they are.

    Raises:
        TTVOSError: bad input, or an output that cannot be written; then nothing is of that source.
    """
    jobs = []
    for each in split(args):
        given = prompts_of(each)
        places = places_of(each, name_of(each.source), origin_of(each.source))
        places.check(_inputs(each, given))
        places.check_contents()
        source = open_source(each.source)
        if args.backward and not isinstance(source, Seekable):
            raise TTVOSError(f"--backward: {each.source} cannot be read backwards: record it to a file first")
        check_resume(each, places, source)
        jobs.append((each, given, places, source))
    tracker = None
    for job in jobs:
        tracker = _segment(*job, tracker)


def _inputs(args: argparse.Namespace, given: Sequence[Prompt]) -> list[str | Path | None]:
    """All that is read, and must not be replaced."""
    masks = [prompt.mask for prompt in given if isinstance(prompt.mask, str | Path)]
    return [*args.sources, args.prompts, *masks, args.background, args.model, args.encoder, FOLDER]


def _segment(
    args: argparse.Namespace, given: Sequence[Prompt], places: Places, source: Source, tracker: Tracker | None
) -> Tracker:
    """Tracks one source; returns the tracker, for the next to use its model."""
    watch = Stopwatch()
    read = _inputs(args, given)
    with contextlib.ExitStack() as running:
        stopped = running.enter_context(noted_stops()) if source.live else None
        frames = running.enter_context(contextlib.closing(ahead(watch.each("reading", source), stopped)))
        first = next(frames, None)
        if first is None:
            raise TTVOSError(f"{args.source}: delivered no frame")
        size = size_of(first[1])
        prompts = Prompts(given, size, source.count)
        check_names(places.names, prompts.frames)
        model = args.model or default_name()
        tracker = tracker or Tracker(model, args.threads, args.runtime, args.encoder, args.delegate)
        keeping = keeping_of(args, given, source, places, tracker)
        begin = time.perf_counter()
        numbered = ((index, *each) for index, each in enumerate(itertools.chain([first], frames)))
        # All are opened before the work, and renamed after it, last opened first: the report comes when all is there.
        unfinished = running.enter_context(Together())
        write_report = unfinished.enter_output(args.json, open_json(args.json, read))
        kept = keeping.masks(places) if keeping.run else None
        outputs = open_outputs(places, source, size, unfinished, kept)
        back = None
        if isinstance(source, Seekable) and args.backward:
            read_back = watch.each("reading backwards", backwards(source, prompts.last))
            back = tqdm(ahead(read_back), total=prompts.last + 1, unit="frame", desc="backwards", disable=None)
        done = keeping.replay(itertools.islice(numbered, keeping.count))
        followed = propagate(tracker, numbered, prompts, back, places.out.parent, keeping.states)
        both = itertools.chain(done, followed)
        seconds, scores = _write(both, outputs, watch, source.count, scored=args.json is not None)
        with watch.of("finishing"):
            for output in outputs:
                output.close()
        took = time.perf_counter() - begin
        report: dict[str, Any] = {
            "frames": len(seconds),
            "fps": _rate(seconds[keeping.count + 1 :]),
            "model": tracker.model.name,
            "runtime": tracker.model.runtime,
            "objects": list(prompts.frames),
            "out": str(places.out),
            "scores": scores,
        }
        if keeping.count:
            report["resumed"] = keeping.count  # of the frames before there are no scores
        if args.profile:
            report["seconds"] = {name: round(each, 3) for name, each in watch.seconds.items()}
        places.check(read)  # again, and before the first rename: the work took a while
        write_report(report)
    _print_summary(report, args, outputs)
    if args.profile:
        _print_profile(watch, took, len(seconds))
    return tracker


def _write(
    followed: Iterable[Tracked], outputs: Sequence[Output], watch: Stopwatch, count: int | None, scored: bool
) -> tuple[list[float], list[dict]]:
    """Writes tracked frames to all outputs, a thread each.

    Returns:
        How long tracking took, frame by frame, and the objects' scores; these only if they are wanted (`scored`), for
        they take time, and room for as long as the video lasts.
    """
    seconds: list[float] = []
    scores: list[dict] = []

    def add(output: Output, tracked: Tracked) -> None:
        with watch.of(output.label):
            output.add(tracked)

    with contextlib.ExitStack() as threads:
        writers = [threads.enter_context(behind(functools.partial(add, output))) for output in outputs]
        # The bar is for terminals: in a log, an error shall be the one line on stderr.
        for tracked in tqdm(followed, total=count, unit="frame", desc="tracking", disable=None):
            seconds.append(tracked.seconds)
            if scored:
                scores += _entries(tracked)
            watch.seconds["network"] += tracked.seconds
            with watch.of("waiting for a writer"):
                for write in writers:
                    write(tracked)
    return seconds, scores


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


def _print_summary(report: dict, args: argparse.Namespace, outputs: Sequence[Output]) -> None:
    speed = f", {report['fps']} frames per second (files not counted)" if report["fps"] else ""
    model = f"{report['model']}, {report['runtime']}, {args.threads} threads"
    print(f"{report['frames']} frames, objects {report['objects']}{speed} with {model}")
    for output in outputs:
        print(f"{output.label + ':':<8} {output.place}{output.note}")
    if args.json:
        print(f"JSON:    {args.json}")


def _print_profile(watch: Stopwatch, took: float, frames: int) -> None:
    ratio = took / max(watch.seconds["network"], 1e-9)
    print(f"{took:.2f} s, {ratio:.2f} times the network's time beside the other threads, each in its own time:")
    print(*watch.table(frames), sep="\n")
