"""What several commands share."""

import argparse
import contextlib
import functools
import json
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.runtime.installed import FOLDER
from ttvos_tf.runtime.interpreter import RUNTIMES
from ttvos_tf.startup import STOPS


@contextlib.contextmanager
def open_json(path: Path | None, inputs: Iterable[str | Path | None]) -> Iterator[Callable[[object], None]]:
    """Yields a function that writes numbers, lists and dicts as JSON to `path`; to nowhere if it is None.

    Args:
        path: the file, of the option --json.
        inputs: what is read, which `path` must not replace (media.outputs.check_outputs). Installed models are too.

    Raises:
        TTVOSError: before the block, or when it writes: `path` cannot be written, or would replace an input.
    """
    if path is None:
        yield lambda value: None
        return
    check = functools.partial(check_outputs, [*inputs, FOLDER], {"--json": path})
    check()
    with atomic_file(path) as partial:

        def write(value: object) -> None:
            check()
            partial.write_text(json.dumps(value, indent=2) + "\n")

        yield write


def add_threads_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --threads."""
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the model (default: 2)")


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --json, for `open_json`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")


def add_sequence_arguments(parser: argparse.ArgumentParser, split: str) -> None:
    """Adds what names a model and the sequences that it is measured on; `split` is the default of --split."""
    parser.add_argument("model", help="an installed model, or a file")
    parser.add_argument("--davis", type=Path, required=True, metavar="DIR", help="a folder as DAVIS has it")
    parser.add_argument("--split", default=split, help=f"which of its sequences (default: {split})")
    add_threads_argument(parser)
    add_json_argument(parser)


def add_measure_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how to measure time."""
    add_threads_argument(parser)
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument("--frames", type=int, default=50, metavar="N", help="frames to time (default: 50)")
    parser.add_argument("--objects", type=int, default=1, metavar="K", help="objects to track (default: 1)")
    add_json_argument(parser)


def frame_index(text: str) -> int:
    """The type of an option that names a frame."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected the number of a frame, counted from 0, not {text!r}")
    return int(text)


@contextlib.contextmanager
def noted_stops() -> Iterator[Callable[[], bool]]:
    """Within the block, Ctrl-C or another stop raises nothing: the yielded function tells whether one came.

    A second one raises KeyboardInterrupt, as without this.
    """
    interrupted = False
    signals = [number for number in STOPS if signal.getsignal(number) != signal.SIG_IGN]

    def note(*_: object) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True

    before = {number: signal.signal(number, note) for number in signals}
    try:
        yield lambda: interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
