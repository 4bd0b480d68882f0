"""Where time goes, of work that several threads do."""

import collections
import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Adds up seconds under names. A name belongs to one thread at a time.

    Attributes:
        seconds: name -> seconds, in the order of first use.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = collections.defaultdict(float)

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Adds the time of the block."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - begin

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The items; adds the time that each takes to come."""
        iterator = iter(items)
        while True:
            with self.of(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def table(self, frames: int) -> list[str]:
        """A line a name: seconds, and milliseconds a frame."""
        return [
            f"  {name:<20}{seconds:9.2f} s{1000 * seconds / max(1, frames):9.2f} ms a frame"
            for name, seconds in self.seconds.items()
        ]
