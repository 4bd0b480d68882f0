"""A folder of results that outlives its run, for another run to go on from.

    walk.unfinished-3f2a61c0/      beside walk, where all will be
        results/                   what becomes walk
        run.json                   what the results depend on, to compare
        state.npz                  how many frames are done, and what the next one needs

The folder is locked while a run fills it. The state is replaced as a whole, after the results that it counts: what is
there beyond it is made anew. A folder without a state holds no frame yet.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json
from ttvos_tf.media import atomic
from ttvos_tf.media.atomic import Replaceable, atomic_file, atomic_folder
from ttvos_tf.media.npz import Arrays, read_arrays

RESULTS, RUN, STATE = "results", "run.json", "state.npz"
COUNT = "count"
ANEW = "run the command without --resume to begin anew"

Run = dict[str, str]
"""What the results depend on, as text or digests, by name."""


@dataclass(frozen=True)
class Unfinished:
    """What is there to go on from.

    Attributes:
        folder: which holds it.
        run: what its results depend on.
        count: number of frames that are done.
        state: what the next frame needs, arrays by name.
    """

    folder: Path
    run: Run
    count: int
    state: Arrays

    @property
    def results(self) -> Path:
        return self.folder / RESULTS


def left_at(path: Path) -> list[Path]:
    """The folders that interrupted runs to `path` have left; those of runs that go on are not among them."""
    folders = atomic.unfinished(atomic.resolved(path))
    return [folder for folder in folders if (folder / RESULTS).is_dir() and not atomic.is_locked(folder)]


def read_unfinished(folder: Path) -> Unfinished:
    """Reads what a run has left.

    Raises:
        TTVOSError: no run has written this, or it is damaged. Only a damaged state is passed over: without it, the run
            begins at the first frame.
    """
    run = read_json(folder / RUN)
    if not isinstance(run, dict) or not all(isinstance(value, str) for value in run.values()):
        raise TTVOSError(f"{folder / RUN}: is damaged")
    try:
        state = read_arrays(folder / STATE)
        count = int(state.pop(COUNT))
    except (TTVOSError, KeyError, TypeError, ValueError):
        count, state = 0, {}
    return Unfinished(folder, run, count, state)


def has_state(folder: Path) -> bool:
    """Whether a frame is done in an unfinished folder, as far as anybody can tell."""
    return (folder / STATE).exists()


def write_state(folder: Path, count: int, state: Mapping[str, np.ndarray]) -> None:
    """Says that `count` frames are done, and what the next one needs.

    Raises:
        TTVOSError: it cannot be written; the state before stays.
    """
    with atomic_file(folder / STATE) as partial, partial.open("wb") as file:
        np.savez(file, **{COUNT: np.array(count)}, **state)  # type: ignore[arg-type]


@contextlib.contextmanager
def resumable_folder(
    path: Path, run: Run, replaceable: Replaceable, earlier: Unfinished | None = None
) -> Iterator[Path]:
    """As `atomic_folder`, but what has a state stays if the block fails or the process ends.

    Args:
        path: the folder that its results become.
        run: what they depend on.
        replaceable: see `atomic_folder`.
        earlier: what to go on with.

    Yields:
        The unfinished folder: its RESULTS are to fill, and `write_state` says how far they are.

    Raises:
        TTVOSError: as `atomic_folder`; another run goes on with `earlier`.
    """
    target = atomic.check_folder(path, replaceable)
    for folder in atomic.unfinished(target):  # of a run that was killed when its results were in place
        if not (folder / RESULTS).exists() and not atomic.is_locked(folder):
            discard(folder, replaceable)
    with atomic.place(path, target), _new(path, target, run) if not earlier else _taken(earlier) as folder:
        try:
            with atomic_folder(path, replaceable, folder / RESULTS):
                yield folder
        except BaseException:
            if not has_state(folder):
                atomic.remove(folder)
            raise
        discard(folder, replaceable)


@contextlib.contextmanager
def _new(path: Path, target: Path, run: Run) -> Iterator[Path]:
    """Yields a folder to begin with; it has its name once it holds what it needs, and is locked all the time."""
    folder = atomic.new_unfinished(target)
    with atomic.new_partial(path, target, folder.parent, folder=True) as partial:
        with atomic.reported(path):
            (partial / RESULTS).mkdir()
            (partial / RUN).write_text(json.dumps(run, indent=2) + "\n")
            partial.rename(folder)
        yield folder


@contextlib.contextmanager
def _taken(earlier: Unfinished) -> Iterator[Path]:
    with atomic.locked(earlier.folder, wait=False) as held:
        if held is False:
            raise TTVOSError(f"{earlier.folder}: another run goes on with it: wait for its end")
        yield earlier.folder


def discard(folder: Path, replaceable: Replaceable) -> None:
    """Removes what a run has left, now that all its results are in their place; what somebody else put there stays."""
    # The state first, files before their folder, and last what tells whose they are: a kill in between loses nothing.
    for item in sorted(folder.rglob("*"), key=lambda item: (item.name == RUN, item.name != STATE, -len(item.parts))):
        ours = item.name in (RUN, STATE) or item.name.startswith(atomic.PARTIAL) or atomic.may_go(item, replaceable)
        with contextlib.suppress(OSError):
            if item.is_dir() and not item.is_symlink():
                item.rmdir()
            elif ours:
                item.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
