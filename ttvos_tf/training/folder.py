"""The folder of a run: what may be in it, and that one run at a time works in it. No TensorFlow here."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.outputs import check_outputs

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

CHECKPOINT = "checkpoint.npz"
RELEASE = "weights.npz"
BEST = "best.npz"
LOG = "log.csv"
VALIDATION = "validation.csv"
BOARD = "tensorboard"


def check_folder(out: Path, resume: bool, read: Iterable[Path] = ()) -> None:
    """Refuses a folder without a run to resume, and one with a file of a run, or of what is read, for a new one.

    Args:
        out: the folder.
        resume: whether a run in it goes on.
        read: weights that a new run starts from.

    Raises:
        TTVOSError: saying so.
    """
    if resume:
        if not out.is_dir():
            raise TTVOSError(f"{out}: no run to resume; --out must be the folder of an earlier one")
        if not (out / CHECKPOINT).exists():
            raise TTVOSError(f"{out / CHECKPOINT}: no such weights file: nothing to resume; choose another --out")
        return
    files = (CHECKPOINT, RELEASE, BEST, LOG, VALIDATION)
    check_outputs(read, {f"--out, for {name}:": out / name for name in files})
    left = [name for name in (*files, BOARD) if os.path.lexists(out / name)]
    if CHECKPOINT in left:
        raise TTVOSError(f"{out}: holds an earlier run: continue it with --resume, delete it, or choose another --out")
    if left:
        raise TTVOSError(f"{out}: holds {left[0]} of an earlier run: delete it, or choose another --out")


@contextlib.contextmanager
def run_folder(out: Path, resume: bool, writes: bool = True) -> Iterator[None]:
    """Makes the folder of a run, and keeps other runs out of it for as long as the block or its process lasts.

    Args:
        out: the folder.
        resume: see check_folder, which looks again once other runs are kept out.
        writes: whether this process is the one that writes.

    Raises:
        TTVOSError: it cannot be made, another run is working in it, or has been.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise TTVOSError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        if writes:
            _lock(descriptor, out)
            check_folder(out, resume)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, out: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TTVOSError(f"{out}: another run is working in this folder: choose another --out, or wait") from None
    except OSError:  # a file system without locks
        pass


def how_to_go_on(out: Path) -> str:
    """What to do after a run was stopped."""
    if (out / CHECKPOINT).exists():
        return f"continue with --resume --out {out}"
    return "nothing is saved yet: start it again"
