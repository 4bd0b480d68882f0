"""Scores a folder of masks against the annotations of a split."""

import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import Score, annotated, object_ids, predicted, score_sequence
from ttvos_tf.evaluation.track import ids_of
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.sizes import format_size, size_of


def score_folder(videos: list[AnnotatedVideo], results: Path, year: str) -> dict[str, Score]:
    """Scores `<results>/<sequence>/<frame>.png`, several sequences at once.

    Args:
        videos: the sequences, each of 3 frames or more.
        results: folder of the predictions; only the scored frames need be there (all but first and last).
        year: "2016" or "2017", see `ttvos_tf.evaluation.davis`.

    Returns:
        `<sequence>_<id>` -> score, in the order of the split and of the ids. The one object of 2016 has id 1.

    Raises:
        TTVOSError: a sequence or frame is missing or cannot be read, has another size than its annotation, or holds an
            id that the first annotation lacks; a process was ended from outside.
    """
    for video in videos:
        if not (results / video.name).is_dir():
            raise TTVOSError(f"{results / video.name}: no such folder: every sequence of the split needs one")
    processes = min(len(videos), os.cpu_count() or 1)
    # "spawn": forking a process in which a model has run copies its locks, but not the threads that hold them.
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, spawn, initializer=_start_worker) as pool:
            # Workers start with the signals of a terminal blocked: to stop is the parent's to report.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
            try:
                found = pool.map(functools.partial(score_video, results=results, year=year), videos)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            scores = list(tqdm(found, total=len(videos), unit="sequence", desc="scoring", disable=None))
    except BrokenProcessPool:
        raise TTVOSError(f"{results}: a process that scored was ended from outside: is there enough memory?") from None
    return {
        f"{video.name}_{i}": score
        for video, of_video in zip(videos, scores, strict=True)
        for i, score in of_video.items()
    }


def score_video(video: AnnotatedVideo, results: Path, year: str) -> dict[int, Score]:
    """Scores one sequence, id -> score; see `score_folder`."""
    ids = ids_of(annotated(read_mask(video.annotations[0]), year), video)

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
    cv2.setNumThreads(1)  # the processes share the cores already
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends the process when its parent is gone, in whatever way; a pool's own workers would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
