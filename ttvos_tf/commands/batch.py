"""The command `ttvos batch`: `ttvos segment` for every video of a manifest."""

import argparse
import collections
import os
import re
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ttvos_tf.archive.engines import Engine, dask, do_videos, threads
from ttvos_tf.archive.manifest import Video, read_manifest
from ttvos_tf.archive.record import DONE, MISSING, STATUSES, Record
from ttvos_tf.archive.work import OPENING_SECONDS, Settings, earlier
from ttvos_tf.limits import check_number, check_whole
from ttvos_tf.media.atomic import atomic_file, resolved
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.runtime.installed import FOLDER, default_name, find_model, full_name
from ttvos_tf.runtime.interpreter import RUNTIMES

MOST = 1000  # jobs, threads, retries
SHORTEST, LONGEST = 0.1, 1e6  # seconds
RESTART = "run the same command again: it does what is missing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos batch`."""
    parser.add_argument(
        "manifest",
        type=Path,
        metavar="MANIFEST.jsonl",
        help='a line for each video: {"source": FILE, "out": a/b, "boxes": [[X, Y, W, H]]}',
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for the videos' folders, and report.jsonl"
    )
    parser.add_argument("--model", metavar="NAME|PATH", help="as in `ttvos segment` (default: the best)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for each video (default: 1)")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--overlay", action="store_true", help="also overlay.mp4: the objects in colour")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help="videos at once (default: one for every core)")
    where.add_argument("--dask", metavar="ADDRESS", help="on the workers of the Dask scheduler at tcp://HOST:PORT")
    parser.add_argument(
        "--retries",
        type=int,
        default=1,
        metavar="N",
        help="more tries of a video that crashes or hangs (default: 1)",
    )
    parser.add_argument(
        "--timeout-per-frame",
        type=float,
        default=60,
        metavar="S",
        help=f"seconds without a new frame after which a video hangs; the first may take {OPENING_SECONDS} more, and 1 "
        "more for every 10 MB (default: 60)",
    )
    parser.add_argument("--retry-failed", action="store_true", help="also those that an earlier run could not do")
    parser.add_argument(
        "--shard", type=_shard, default=(1, 1), metavar="I/N", help="the I-th of N parts only: 1/20 to 20/20"
    )


def run(args: argparse.Namespace) -> int:
    """Does what is missing, writes the report, prints a summary.

    Returns:
        0 if every video is done, 1 if some are not.

    Raises:
        TTVOSError: bad input; nothing is begun then.
    """
    settings, jobs = _settings(args), _jobs(args.jobs, args.threads)
    report = args.out / _report_name(args.shard)
    check_outputs([args.manifest, args.model, FOLDER], {"report": report})
    videos = read_manifest(args.manifest, args.shard)
    with atomic_file(report) as partial:
        found = [
            earlier(video, settings) for video in tqdm(videos, unit="video", desc="looking", disable=None, delay=2)
        ]
        records = {record.out: record for record in found if record}
        before = len(records)
        missing = [video for video in videos if video.out not in records]
        interrupt = None
        if missing:
            try:
                with dask(args.dask) if args.dask else threads(jobs) as engine:
                    _do(missing, settings, engine, records)
            except KeyboardInterrupt as stop:
                interrupt = stop
        ended = [records.get(video.out) or earlier(video, settings) or _untouched(video) for video in videos]
        partial.write_text("".join(f"{record.line()}\n" for record in ended))
    _print_summary(ended, before, report)
    if interrupt:
        raise KeyboardInterrupt(RESTART) from interrupt
    return 0 if all(record.status == DONE for record in ended) else 1


def _do(videos: Sequence[Video], settings: Settings, engine: Engine, records: dict[str, Record]) -> None:
    """Puts the records of videos to the others as they end."""
    failures = 0
    with tqdm(total=len(videos), unit="video", desc="segmenting", disable=None) as bar:
        for record in do_videos(videos, settings, engine):
            records[record.out] = record
            failures += record.status != DONE
            bar.set_postfix(failures=failures, refresh=False)
            bar.update()


def _settings(args: argparse.Namespace) -> Settings:
    check_whole(args.threads, 1, MOST, "--threads")
    check_whole(args.retries, 0, MOST, "--retries")
    check_number(args.timeout_per_frame, SHORTEST, LONGEST, "--timeout-per-frame")
    model = args.model or default_name()
    find_model(model)  # here, and not in each of the processes, one that is not on this machine is fetched
    name = str(resolved(Path(model))) if Path(model).is_file() else full_name(model)
    return Settings(
        resolved(args.out),
        name,
        args.threads,
        args.runtime,
        args.overlay,
        args.retries,
        args.timeout_per_frame,
        args.retry_failed,
    )


def _jobs(asked: int | None, threads: int) -> int:
    if asked is not None:
        return check_whole(asked, 1, MOST, "--jobs")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // threads)


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"expected I/N, 1/20 to 20/20 for instance, not {text!r}")
    return int(match[1]), int(match[2])


def _report_name(shard: tuple[int, int]) -> str:
    return "report.jsonl" if shard == (1, 1) else f"report-{shard[0]}-of-{shard[1]}.jsonl"


def _untouched(video: Video) -> Record:
    return Record(video.out, video.source, MISSING, error="was not begun")


def _print_summary(records: Sequence[Record], before: int, report: Path) -> None:
    counts = collections.Counter(record.status for record in records)
    parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
    print(f"{len(records)} videos: {', '.join(parts) or 'none in this part'}; {before} of them from an earlier run")
    print(f"report: {report}")
