"""The command `ttvos evaluate`: scores a model, or a folder of masks, on DAVIS 2016 or 2017.

A model tracks every sequence of the split from its first annotation, or from the bounding boxes of its objects, and its
masks are written; then the masks are read back and scored, exactly as those of any other method would be.
"""

import argparse
import functools
from pathlib import Path

from ttvos_tf.commands.options import add_json_argument, add_threads_argument, open_json
from ttvos_tf.contract import SUFFIX
from ttvos_tf.data.davis import sequences
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.report import global_csv, sequence_csv, table, to_json
from ttvos_tf.evaluation.score import score_folder
from ttvos_tf.evaluation.track import INITS, track_folder
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.images import is_written_by_us
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import FOLDER, full_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos evaluate`."""
    parser.add_argument(
        "--davis", type=Path, required=True, metavar="ROOT", help="folder of JPEGImages, Annotations, ..."
    )
    parser.add_argument("--year", choices=["2016", "2017"], default="2017", help="2016: one object (default: 2017)")
    parser.add_argument("--split", default="val", help="a list in ImageSets/YEAR, without .txt (default: val)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", metavar="NAME|PATH", help="installed model (or how it begins), or .tflite file")
    source.add_argument("--results", type=Path, metavar="DIR", help="masks to score: DIR/<sequence>/<frame>.png")
    parser.add_argument("--init", choices=INITS, default="mask", help="what is given of each object (default: mask)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="for the masks and CSV files (default: results/<year, split, model>; with --results, that folder)",
    )
    add_threads_argument(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> None:
    """Tracks if there is a model, scores, prints a table, and writes the CSV files and the JSON."""
    if args.results and args.init != "mask":
        raise TTVOSError(f"--init {args.init}: is for --model; the masks in --results are scored as they are")
    videos = sequences(args.davis, args.split, args.year)
    for video in videos:
        if len(video.frames) < 3:
            raise TTVOSError(f"{video.frames[0].parent}: needs 3 frames or more: the first and the last are not scored")
    fps = None
    out = args.out or args.results or _default_folder(args)
    tables = {
        out / f"global_results-{args.split}.csv": global_csv,
        out / f"per-sequence_results-{args.split}.csv": sequence_csv,
    }
    # Not the folder of the data set: its own Results may lie in it.
    read = [folder for video in videos for folder in (video.frames[0].parent, video.annotations[0].parent)]
    read += [args.results / video.name for video in videos] if args.results else [args.model, FOLDER]
    check = functools.partial(
        check_outputs,
        read,
        {"--json": args.json, **{f"--out, for {path.stem}:": path for path in tables}},
        {f"--out, for {video.name}:": out / video.name for video in videos if args.model},
    )
    check(is_written_by_us)
    with open_json(args.json, read) as write_json:
        if args.model:
            fps = track_folder(Tracker(args.model, num_threads=args.threads), videos, args.year, args.init, out)
        scores = score_folder(videos, args.results or out, args.year)
        check()
        write_json(to_json(scores, fps))
        for path, text in tables.items():
            with atomic_file(path) as partial:
                partial.write_bytes(text(scores).encode(errors="surrogateescape"))
    print(f"DAVIS-{args.year} {args.split}: {len(videos)} sequences, {len(scores)} objects\n\n{table(scores)}\n")
    if fps is not None:
        print(f"{fps:.1f} frames per second with {args.threads} threads; reading and writing files is not counted")
    print(f"results: {out}")


def _default_folder(args: argparse.Namespace) -> Path:
    given = "" if args.init == "mask" else f"-{args.init}"
    model = Path(args.model)
    name = model.stem if model.suffix == SUFFIX else full_name(args.model)
    return Path("results") / f"davis{args.year}-{args.split}-{name}{given}"
