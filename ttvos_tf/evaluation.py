"""The command `ttvos evaluate`: scores a model, or a folder of masks, on DAVIS 2016 or 2017.

A model tracks every sequence of the split from its first annotation, or from the bounding boxes of its objects, and its
masks are written; then the masks are read back and scored, exactly as those of any other method would be.
"""

import argparse
import functools
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ttvos_tf.data.davis import sequences
from ttvos_tf.data.files import read_image, size_of
from ttvos_tf.data.video import Sequence
from ttvos_tf.errors import TTVOSError
from ttvos_tf.metrics.davis import Score, annotated, object_ids, predicted, score_sequence
from ttvos_tf.metrics.report import global_csv, sequence_csv, table, to_json
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.files import whole_file, whole_folder
from ttvos_tf.runtime.geometry import Size, format_size
from ttvos_tf.runtime.masks import Box, is_written_by_us, read_mask, write_mask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos evaluate`."""
    parser.add_argument(
        "--davis", type=Path, required=True, metavar="ROOT", help="folder of JPEGImages, Annotations, ..."
    )
    parser.add_argument("--year", choices=["2016", "2017"], default="2017", help="2016: one object (default: 2017)")
    parser.add_argument("--split", default="val", help="a list in ImageSets/YEAR, without .txt (default: val)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", metavar="NAME|PATH", help="installed model or .tflite file to track with")
    source.add_argument("--results", type=Path, metavar="DIR", help="masks to score: DIR/<sequence>/<frame>.png")
    parser.add_argument(
        "--init", choices=["mask", "box"], default="mask", help="what a model is given of each object (default: mask)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="for the masks and CSV files (default: results/<year, split, model>; with --results, that folder)",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the model (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")


def run(args: argparse.Namespace) -> None:
    """Tracks if there is a model, scores, prints a table, and writes the CSV files and the JSON."""
    if args.results and args.init == "box":
        raise TTVOSError("--init box: is for --model; the masks in --results are scored as they are")
    videos = sequences(args.davis, args.split, args.year)
    for video in videos:
        if len(video.frames) < 3:
            raise TTVOSError(f"{video.frames[0].parent}: needs 3 frames or more: the first and the last are not scored")
    fps = None
    out = args.out or args.results or _default_folder(args)
    if args.model:
        fps = track_folder(Tracker(args.model, num_threads=args.threads), videos, args.year, args.init, out)
    scores = score_folder(videos, args.results or out, args.year)
    _write(out / f"global_results-{args.split}.csv", global_csv(scores))
    _write(out / f"per-sequence_results-{args.split}.csv", sequence_csv(scores))
    if args.json:
        _write(args.json, json.dumps(to_json(scores, fps), indent=2) + "\n")
    print(f"DAVIS-{args.year} {args.split}: {len(videos)} sequences, {len(scores)} objects\n\n{table(scores)}\n")
    if fps is not None:
        print(f"{fps:.1f} frames per second with {args.threads} threads; reading and writing files is not counted")
    print(f"results: {out}")


def track_folder(tracker: Tracker, videos: list[Sequence], year: str, init: str, out: Path) -> float:
    """Tracks every sequence and writes its masks to `<out>/<sequence>/<frame>.png`, a sequence at a time.

    Args:
        tracker: it holds the model.
        videos: what to track.
        year: "2016" (all ids are merged to one object before the start) or "2017".
        init: what is given of each object in the first frame: "mask" or "box".
        out: folder; masks that this package wrote there are replaced, other files are not.

    Returns:
        Frames per second of `Tracker.step`: resizing, inference and labels of every frame but the first ones. Starting
        a sequence, reading images and writing masks are not counted.

    Raises:
        TTVOSError: an unreadable file, an annotation without objects, or a folder that cannot be written.
    """
    seconds = 0.0
    with tqdm(total=sum(len(video.frames) for video in videos), unit="frame", desc="tracking", disable=None) as bar:
        for video in videos:
            with whole_folder(out / video.name, replaceable=is_written_by_us) as folder:
                for path, (labels, took) in zip(video.frames, track(tracker, video, year, init), strict=True):
                    write_mask(folder / f"{path.stem}.png", labels)
                    seconds += took
                    bar.update()
    return sum(len(video.frames) - 1 for video in videos) / seconds


def track(tracker: Tracker, video: Sequence, year: str, init: str) -> Iterator[tuple[np.ndarray, float]]:
    """Tracks one sequence; see `track_folder`.

    Yields:
        labels, uint8 (H, W), of each frame, the given ones of the first frame among them; seconds that the step took.
    """
    first = annotated(read_mask(video.annotations[0]), year)
    ids = _ids_of(first, video)
    frame = _read_frame(video.frames[0], size_of(first))
    if init == "box":
        # Not painted into a mask, because boxes may overlap. The tracker numbers them from 1.
        names = np.array([0, *ids], np.uint8)
        yield names[tracker.start(frame, boxes=[_bounding_box(first == i) for i in ids])], 0.0
    else:
        names = np.arange(256, dtype=np.uint8)
        yield tracker.start(frame, first), 0.0
    for path in video.frames[1:]:
        frame = _read_frame(path, size_of(first))
        begin = time.perf_counter()
        labels = tracker.step(frame)
        took = time.perf_counter() - begin
        yield names[labels], took


def score_folder(videos: list[Sequence], results: Path, year: str) -> dict[str, Score]:
    """Scores `<results>/<sequence>/<frame>.png`, several sequences at once.

    Args:
        videos: the sequences, each of 3 frames or more.
        results: folder of the predictions; only the scored frames need be there (all but first and last).
        year: "2016" or "2017", see `ttvos_tf.metrics.davis`.

    Returns:
        `<sequence>_<id>` -> score, in the order of the split and of the ids. The one object of 2016 has id 1.

    Raises:
        TTVOSError: a sequence or frame is missing or cannot be read, has another size than its annotation, or holds an
            id that the first annotation lacks.
    """
    for video in videos:
        if not (results / video.name).is_dir():
            raise TTVOSError(f"{results / video.name}: no such folder: every sequence of the split needs one")
    processes = min(len(videos), os.cpu_count() or 1)
    # "spawn": forking a process in which a model has run copies its locks, but not the threads that hold them.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_start_worker) as pool:
        found = pool.map(functools.partial(score_video, results=results, year=year), videos)
        scores = list(tqdm(found, total=len(videos), unit="sequence", desc="scoring", disable=None))
    return {
        f"{video.name}_{i}": score
        for video, of_video in zip(videos, scores, strict=True)
        for i, score in of_video.items()
    }


def score_video(video: Sequence, results: Path, year: str) -> dict[int, Score]:
    """Scores one sequence, id -> score; see `score_folder`."""
    ids = _ids_of(annotated(read_mask(video.annotations[0]), year), video)

    def scored_frames() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for annotation in video.annotations[1:-1]:
            truth = annotated(read_mask(annotation), year)
            path = results / video.name / annotation.name
            prediction = predicted(read_mask(path), year)
            if prediction.shape != truth.shape:
                found, wanted = format_size(size_of(prediction)), format_size(size_of(truth))
                raise TTVOSError(f"{path}: the mask is {found}, but its annotation is {wanted}")
            if extra := set(object_ids(prediction)) - set(ids):
                raise TTVOSError(f"{path}: holds id {min(extra)}, but the objects of {video.name} are {ids}")
            yield prediction, truth

    return score_sequence(scored_frames(), ids)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to report
    cv2.setNumThreads(1)  # the processes share the cores already


def _ids_of(first: np.ndarray, video: Sequence) -> list[int]:
    ids = object_ids(first)
    if not ids:
        raise TTVOSError(f"{video.annotations[0]}: holds no object (255 is void; DAVIS-2016 masks need --year 2016)")
    return ids


def _bounding_box(mask: np.ndarray) -> Box:
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return x, y, width, height


def _read_frame(path: Path, size: Size) -> np.ndarray:
    frame = read_image(path)
    if size_of(frame) != size:
        found, wanted = format_size(size_of(frame)), format_size(size)
        raise TTVOSError(f"{path}: the frame is {found}, but the first annotation is {wanted}")
    return frame


def _default_folder(args: argparse.Namespace) -> Path:
    given = "" if args.init == "mask" else f"-{args.init}"
    return Path("results") / f"davis{args.year}-{args.split}-{Path(args.model).stem}{given}"


def _write(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text)
