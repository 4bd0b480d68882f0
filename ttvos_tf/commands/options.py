"""What several commands share."""

import argparse
import contextlib
import json
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.runtime.interpreter import RUNTIMES

T = TypeVar("T")


@contextlib.contextmanager
def open_json(path: Path | None) -> Iterator[Callable[[object], object]]:
    """Yields a function that writes numbers, lists and dicts as JSON to `path`; to nowhere if it is None.

    Raises:
        TTVOSError: before the block: `path` cannot be written.
    """
    if path is None:
        yield lambda value: None
    else:
        with atomic_file(path) as partial:
            yield lambda value: partial.write_text(json.dumps(value, indent=2) + "\n")


def add_measure_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how to measure."""
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the model (default: 2)")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--frames", type=int, default=50, metavar="N", help="frames to time (default: 50)")
    parser.add_argument("--objects", type=int, default=1, metavar="K", help="objects to track (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")


def until_interrupted(items: Iterable[T]) -> Iterator[T]:
    """Goes on until Ctrl-C, which ends it between two items instead of raising KeyboardInterrupt."""
    interrupted = False

    def note(*_: object) -> None:
        nonlocal interrupted
        interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        for item in items:
            yield item
            if interrupted:
                break
    finally:
        signal.signal(signal.SIGINT, before)
