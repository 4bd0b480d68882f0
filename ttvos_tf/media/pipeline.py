"""Reading and writing beside the work: threads with short queues, so that memory stays the same."""

import collections
import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

DEPTH = 4  # items in a queue: enough for a slow one now and then
PATIENCE = 2.0  # seconds to wait for a reader that is to stop; a camera may hang for ever


def ahead(items: Iterable[T], ended: Callable[[], bool] | None = None, depth: int = DEPTH) -> Generator[T, None, None]:
    """The items of an iterable, which a thread takes from it meanwhile, at most `depth` ahead.

    What the iterable raises is raised here, after the items before it. When this is closed, the thread stops after the
    item it is at.

    Args:
        items: what to take from.
        ended: tells that no more is wanted, as when somebody stops a camera: what was taken still comes, and a thread
            that hangs is not waited for.
        depth: of the queue.
    """
    wanted = (lambda: True) if ended is None else (lambda: not ended())
    waiting: queue.Queue[tuple[str, Any]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(kind: str, value: Any) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                return waiting.put((kind, value), timeout=0.1)

    def read() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                put("item", item)
                if stopped.is_set() or not wanted():
                    break
            put("end", None)
        except BaseException as error:
            put("error", error)
        finally:
            if hasattr(iterator, "close"):
                iterator.close()  # here, not where and when it happens to be collected

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while True:
            try:
                kind, value = waiting.get(timeout=0.2)
            except queue.Empty:
                if wanted():
                    continue
                return
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        thread.join(PATIENCE)


@contextlib.contextmanager
def behind(call: Callable[..., object], depth: int = DEPTH) -> Iterator[Callable[..., None]]:
    """Yields a function that has `call` called by a thread, in order and at most `depth` calls behind.

    What a call raises is raised by a later one, or at the end of the block, which waits for all calls. If the block
    fails, calls that have not begun are dropped.
    """
    pending: collections.deque[Future] = collections.deque()
    with ThreadPoolExecutor(1) as pool:

        def later(*arguments: Any) -> None:
            while len(pending) >= depth or (pending and pending[0].done()):
                pending.popleft().result()
            pending.append(pool.submit(call, *arguments))

        try:
            yield later
            while pending:
                pending.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
