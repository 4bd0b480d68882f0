"""One `ttvos segment` process: started, watched, ended."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ttvos_tf.archive.child import SECONDS_TO_END
from ttvos_tf.media.atomic import UNFINISHED

ROOT = Path(__file__).parents[2]
# -P: a cv2.py in the working folder is not OpenCV. So a checkout that is not installed is named in PYTHONPATH.
COMMAND = (sys.executable, "-P", "-m", "ttvos_tf.archive.child", "segment")
POLL_SECONDS = 0.5


class HangsError(Exception):
    """Nothing was written for so many seconds."""


def run_segment(
    arguments: Sequence[str],
    folder: Path,
    patience: float,
    opening: float,
    stopped: Callable[[], bool],
    lock: Sequence[int] = (),
) -> tuple[int | None, str]:
    """Runs `ttvos segment` and waits for its end.

    Args:
        arguments: what follows `segment`.
        folder: where it writes, and nobody else. What appears or grows in it shows that it goes on.
        patience: seconds without that after which it is ended.
        opening: seconds more until the first of it.
        stopped: asked now and then; once it says yes, the process is ended.
        lock: descriptors that the process holds too.

    Returns:
        Exit code (-n: ended by signal n; None: no signal could end it), and the last line on stderr.

    Raises:
        HangsError: its patience ended.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,  # see child.py
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for this process, which ends its children in order
            pass_fds=lock,
        )
        try:
            _watch(child, folder, patience, opening, stopped)
        finally:
            _end(child)
        errors.seek(max(os.fstat(errors.fileno()).st_size - 2000, 0))
        lines = errors.read().decode(errors="replace").strip().splitlines()
    return child.returncode, lines[-1] if lines else ""


def _watch(child: subprocess.Popen, folder: Path, patience: float, opening: float, stopped: Callable[[], bool]) -> None:
    """Waits until the process ends, or has to be ended."""
    before, begin, allowed = _written(folder), time.monotonic(), opening + patience
    while not stopped():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(POLL_SECONDS)
            return
        now = _written(folder)
        if now != before:
            before, begin, allowed = now, time.monotonic(), patience
        elif time.monotonic() - begin > allowed:
            raise HangsError(allowed)


def _written(folder: Path) -> list[tuple[str, int, int]]:
    """What a folder holds. The time of an inner folder changes with every file that appears in it."""
    found = []
    for path in [*folder.iterdir(), *folder.glob(f"*{UNFINISHED}*/*")]:
        with contextlib.suppress(OSError):  # it was renamed just now
            state = path.lstat()
            found.append((str(path), state.st_mtime_ns, state.st_size))
    return sorted(found)


def _end(child: subprocess.Popen) -> None:
    """Ends a process and all that it started, if it is not gone by itself: first so that it can clear up."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it waits for a dead disk, which no signal ends
                child.wait(SECONDS_TO_END)
    child.stdin.close()  # type: ignore[union-attr]
