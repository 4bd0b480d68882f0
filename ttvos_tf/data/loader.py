"""Batches of clips, made by worker processes beside the training step.

    sources = {"davis": (DavisClips(root), 1.0), "saliency": (SaliencyClips(folder), 1.0)}
    for batch in batches(sources, [ClipSpec(4, 240, 432)], batch_size=4, seed=0, start=step):
        ...

A worker is a plain child process that runs this module, not a `multiprocessing` one: those import the parent's main
script again, and with it TensorFlow. When the parent dies in whatever way, the worker ends, whatever it is doing: Linux
kills it, and elsewhere it sees that its stdin has ended. What it may allocate is bounded.
"""

import contextlib
import ctypes
import functools
import itertools
import math
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import cv2
import numpy as np

from ttvos_tf.data.augmentation import DEFAULTS, Augmentation
from ttvos_tf.data.clip import ClipSource, ClipSpec
from ttvos_tf.data.first_masks import first_mask, previous_mask, remembered_frames
from ttvos_tf.errors import TTVOSError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

CV_NO_MEMORY = -4  # OpenCV's code of an allocation that failed

Sources = Mapping[str, tuple[ClipSource, float]]

PREFETCH = 2  # batches a worker may be ahead
# Bytes that a worker may allocate: what the largest images of the usual data sets need several times over, and so much
# for each byte of a batch's frames, which exist as sprites, floats and pickles too.
WORKER_MEMORY, WORKER_MEMORY_SHARE = 4 << 30, 16


class Batch(NamedTuple):
    """Clips, and what the network is given of them.

    Attributes:
        frames: uint8 (B, T, H, W, 3), RGB.
        masks: uint8 (B, T, H, W): 1 the target, 0 the rest, 255 void.
        first_masks: uint8 (B, H, W), what the network is given of the first frame: exact or the target's box.
        previous_masks: uint8 (B, H, W), what it goes on from: the first mask or, of clips with a given frame from far
            away, the second frame's; some with a mistake.
        remembered: float32 (B, T), 1 where a network's memory takes a frame in, else 0; it has the given one always.
    """

    frames: np.ndarray
    masks: np.ndarray
    first_masks: np.ndarray
    previous_masks: np.ndarray
    remembered: np.ndarray


Job = Callable[[int], Batch]


def make_batch(
    sources: Sources,
    specs: Sequence[ClipSpec],
    batch_size: int,
    seed: int,
    index: int,
    augmentation: Augmentation = DEFAULTS,
    share: tuple[int, int] = (0, 1),
) -> Batch:
    """Batch `index`, or a share of it; a pure function of its arguments.

    Each clip has a generator of its own, so it is the same however the batch is shared.

    Args:
        sources: name -> (source, weight); a clip comes from a source with a probability proportional to its weight.
        specs: sizes of clips, which batches have in turn.
        batch_size: number of clips, B.
        seed: of the run.
        index: of the batch.
        augmentation: what the network is given of the clips.
        share: (i, n): the clips i, i + n, i + 2n, ... only.
    """
    spec = specs[index % len(specs)]
    weights = np.array([weight for _, weight in sources.values()], np.float64)
    items = []
    for item in range(batch_size)[share[0] :: share[1]]:
        rng = np.random.default_rng((seed, index, item))
        name = rng.choice(list(sources), p=weights / weights.sum())
        clip = sources[name][0].sample(rng, spec)
        first = first_mask(rng, clip.masks[0], augmentation)
        known = [first, *clip.masks[1 : augmentation.known_frames]]
        previous = previous_mask(rng, known[-1], augmentation)
        items.append((clip.frames, clip.masks, first, previous, remembered_frames(rng, spec.length, augmentation)))
    return Batch(*(np.stack(arrays) for arrays in zip(*items, strict=True)))


def batches(
    sources: Sources,
    specs: Sequence[ClipSpec],
    batch_size: int,
    *,
    seed: int,
    start: int = 0,
    workers: int = 1,
    augmentation: Augmentation = DEFAULTS,
    share: tuple[int, int] = (0, 1),
) -> Generator[Batch, None, None]:
    """Batches start, start + 1, ... without end; see make_batch. Closing the iterator ends the workers.

    Args:
        sources: name -> (source, weight).
        specs: sizes of clips, which batches have in turn.
        batch_size: number of clips in a batch.
        seed: of the run.
        start: index of the first batch: the number of batches already trained on, when a run is resumed.
        workers: number of worker processes; 0 makes the batches in this process.
        augmentation: see make_batch.
        share: see make_batch.

    Raises:
        TTVOSError: no source with a weight, a weight that is negative or not finite, a size below 1; later, what a
            source raises, or a worker was killed or needs too much memory.
        RuntimeError: a worker failed in any other way.
    """
    for name, (_, weight) in sources.items():
        if not math.isfinite(weight):
            raise TTVOSError(f"the weight of source {name!r} must be a number, but is {weight}")
    if not sources or sum(weight for _, weight in sources.values()) <= 0:
        raise TTVOSError("no data: at least one source needs a weight above 0")
    for name, (_, weight) in sources.items():
        if weight < 0:
            raise TTVOSError(f"the weight of source {name!r} must not be negative, but is {weight}")
    for spec in specs:
        if min(batch_size, spec.length, spec.height, spec.width) < 1:
            raise TTVOSError(f"batch size and clip size must be at least 1: {batch_size}, {spec}")
    job = functools.partial(
        make_batch, dict(sources), list(specs), batch_size, seed, augmentation=augmentation, share=share
    )
    if workers == 0:
        return (job(index) for index in itertools.count(start))
    largest = max(spec.length * spec.height * spec.width for spec in specs)
    memory = WORKER_MEMORY + WORKER_MEMORY_SHARE * batch_size * largest * 3
    return _read_workers(job, start, workers, memory)


def _read_workers(job: Job, start: int, workers: int, memory: int) -> Generator[Batch, None, None]:
    """Takes batch i from worker i modulo their number, so the order does not depend on who is faster."""
    team: list[_Worker] = []
    try:
        for first in range(start, start + workers):
            team.append(_Worker(job, first, workers, memory))
        while True:
            for worker in team:
                yield worker.next()
    finally:
        for worker in team:
            worker.close()


class _Worker:
    """A child process, and a thread that empties its pipe into a short queue."""

    def __init__(self, job: Job, first: int, step: int, memory: int):
        request = pickle.dumps((os.getpid(), memory, job, first, step))
        self.results: queue.Queue[Any] = queue.Queue(maxsize=PREFETCH)
        self.closed = threading.Event()
        started: Future[subprocess.Popen] = Future()
        threading.Thread(target=self._run, args=(request, started), daemon=True).start()
        self.process = started.result()

    def _run(self, request: bytes, started: Future[subprocess.Popen]) -> None:
        """The thread: for Linux the worker's parent is the thread that started it, so that one lives as long."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", "from ttvos_tf.data.loader import _serve; _serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "OPENBLAS_NUM_THREADS": "1",
                },
                start_new_session=True,  # Ctrl-C is for the parent, which then closes the worker
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        assert process.stdin and process.stdout
        try:
            process.stdin.write(request)
            process.stdin.flush()  # and it stays open: its end tells the worker that this process is gone
            while not self.closed.is_set():
                self._put(pickle.load(process.stdout))
        except Exception:  # mostly EOFError: the worker is gone, perhaps in the middle of a batch
            process.kill()
            self._put(TTVOSError(f"a data worker ended with exit code {process.wait()}: {_reason(process.returncode)}"))
        finally:
            process.stdout.close()
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _put(self, result: Any) -> None:
        while not self.closed.is_set():
            try:
                return self.results.put(result, timeout=0.2)
            except queue.Full:
                continue

    def next(self) -> Batch:
        """The worker's next batch; raises what the worker raised."""
        result = self.results.get()
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Ends the process."""
        self.closed.set()
        self.process.kill()
        self.process.wait()


def _reason(code: int) -> str:
    return "killed, maybe for want of memory" if code in (-signal.SIGKILL, -signal.SIGABRT) else "see above"


def _serve() -> None:
    """The worker: reads its job from stdin, writes pickled batches to stdout until that breaks."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the batches
    if hasattr(os, "nice"):
        os.nice(10)
    cv2.setNumThreads(1)
    try:
        for result in _results():
            pickle.dump(result, pipe, protocol=5)
            pipe.flush()
    except BrokenPipeError:
        os._exit(0)  # the parent is gone: nothing left to flush or to report to


def _results() -> Iterator[Batch | Exception]:
    """The worker's batches, and at the end the error that stopped it."""
    memory = 0
    try:
        parent, memory, job, first, step = pickle.load(sys.stdin.buffer)
        _end_with(parent)
        _limit_memory(memory)
        for index in itertools.count(first, step):
            yield job(index)
    except TTVOSError as error:
        yield error
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "code", None) == CV_NO_MEMORY:
            yield TTVOSError(
                f"a batch needs more than {memory >> 30} GB of memory: lower train.batch_size, lengths, height or "
                "width, or leave huge images out"
            )
        else:
            yield RuntimeError(f"a data worker failed:\n{traceback.format_exc()}")


def _end_with(parent: int) -> None:
    """Makes this process end when its parent does, whatever it is doing then."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before
            os._exit(0)

    def watch() -> None:
        os.read(0, 1)  # nothing more comes but the end
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _limit_memory(memory: int) -> None:
    """Bounds what this process may allocate, in bytes; programs and libraries that are mapped do not count."""
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory if most < 0 else min(memory, most), most))
