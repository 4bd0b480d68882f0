"""Who does the videos: threads of this process, or the workers of a Dask cluster. Both do `work.do_video`.

Threads suffice here, since every video is a process of its own.
"""

import contextlib
import functools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ttvos_tf.archive.manifest import Video
from ttvos_tf.archive.record import MISSING, Record
from ttvos_tf.archive.work import Settings, do_video
from ttvos_tf.errors import TTVOSError

DASK_WINDOW = 1000  # more than most clusters have workers; a task costs the scheduler a few kB
DASK_SECONDS = 30  # to find the scheduler, and a worker
POLL_SECONDS = 2
LOST = "the scheduler was lost"
INSTALL = "pip install 'ttvos-tf[cluster]'"


@dataclass(frozen=True)
class Engine:
    """Who does the videos.

    Attributes:
        executor: runs functions; those that wait in it are held in memory.
        window: number of videos that are given to it at once.
        do: what it does with one.
        is_lost: whether it is gone, and nothing that was given to it will ever end.
    """

    executor: Executor
    window: int
    do: Callable[[Video, Settings], Record] = do_video
    is_lost: Callable[[], bool] = lambda: False


@contextlib.contextmanager
def threads(count: int) -> Iterator[Engine]:
    """Threads of this process. If the block fails, the processes that they watch are ended, and nothing more begins."""
    stop = threading.Event()
    executor = ThreadPoolExecutor(count)
    try:
        yield Engine(executor, count, functools.partial(do_video, stopped=stop.is_set))
    except BaseException:
        stop.set()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def dask(address: str) -> Iterator[Engine]:
    """The workers of a cluster, who see the same files under the same paths; each of their threads does one video.

    If a worker is lost, another does its video. If the block fails, what is begun goes on to its end.

    Args:
        address: of the scheduler, tcp://HOST:8786.

    Raises:
        TTVOSError: Dask is not installed, or there is no scheduler, or none of its workers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise TTVOSError(f"--dask: Dask is not installed: {INSTALL}") from None
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # an error shall be the one line on stderr
    try:
        client = Client(address, timeout=DASK_SECONDS)
    except (OSError, ValueError, TypeError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TTVOSError(f"--dask {address}: no scheduler there ({reason}): tcp://HOST:PORT is needed") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=DASK_SECONDS)
        except TimeoutError:
            raise TTVOSError(f"--dask {address}: has no worker: start one with `dask worker {address}`") from None
        executor = client.get_executor(pure=False)
        try:
            yield Engine(executor, DASK_WINDOW, is_lost=lambda: client.status == "closed")
        finally:
            with contextlib.suppress(Exception):  # there may be no scheduler any more that could be told
                executor.shutdown(wait=False)


def do_videos(videos: Iterable[Video], settings: Settings, engine: Engine) -> Iterator[Record]:
    """Yields the record of each video as it ends."""
    running: dict[Future, Video] = {}
    for video in videos:
        if engine.is_lost():
            yield _missing(video, LOST)
            continue
        running[engine.executor.submit(engine.do, video, settings)] = video
        if len(running) == engine.window:
            yield from _ended(running, engine)
    while running:
        yield from _ended(running, engine)


def _ended(running: dict[Future, Video], engine: Engine) -> Iterator[Record]:
    """Waits for one at least, and takes those that ended out of `running`."""
    while not (ended := wait(running, POLL_SECONDS, FIRST_COMPLETED).done):
        if engine.is_lost():
            yield from (_missing(video, LOST) for video in running.values())
            running.clear()
            return
    for future in ended:
        video = running.pop(future)
        try:
            yield future.result()
        except (Exception, CancelledError) as error:  # a cluster that lost worker after worker over it, for instance
            yield _missing(video, " ".join(f"{type(error).__name__}: {error}".split())[:300])


def _missing(video: Video, error: str) -> Record:
    return Record(video.out, video.source, MISSING, error=error)
