"""What is done with one video, on whatever machine: the same function for threads and for a cluster."""

import contextlib
import fcntl
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ttvos_tf.archive import record as records
from ttvos_tf.archive.manifest import Video
from ttvos_tf.archive.process import POLL_SECONDS, HangsError, run_segment
from ttvos_tf.archive.record import Record, key_of, read_record, write_record
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import PARTIAL, remove, resolved
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.unfinished import ANEW, left_at
from ttvos_tf.startup import STOPS

# Until the first mask: Python, the libraries and the model are loaded, and the list of the video's packets is read.
OPENING_SECONDS = 30
OPENING_BYTES_A_SECOND = 10e6

Stopped = Callable[[], bool]


@dataclass(frozen=True)
class Settings:
    """What holds for all videos of a run.

    Attributes:
        out: where the folders of the videos lie; absolute, without links.
        model: name of an installed model, or absolute path of a file.
        threads: of the model.
        runtime: what runs it.
        overlay: write a video too.
        retries: of crashed and hanging videos.
        timeout_per_frame: seconds.
        retry_failed: try again what an earlier run could not do.
    """

    out: Path
    model: str
    threads: int = 1
    runtime: str = "auto"
    overlay: bool = False
    retries: int = 1
    timeout_per_frame: float = 60.0
    retry_failed: bool = False

    def key(self, video: Video) -> str:
        """Changes if the results would."""
        path = Path(self.model)
        state = path.stat() if path.is_absolute() else None
        model = [path.name, state.st_size, state.st_mtime_ns] if state else self.model
        return key_of(video, [model, self.overlay])


def never() -> bool:
    """For who cannot be stopped."""
    return False


def earlier(video: Video, settings: Settings) -> Record | None:
    """The record of an earlier run that makes another try needless."""
    folder = settings.out / video.out
    try:
        found = read_record(folder)
    except TTVOSError:
        return None
    if found is None or found.key != settings.key(video):
        return None
    if found.status == records.DONE:
        there = (folder / records.MASKS).is_dir() and (not settings.overlay or (folder / records.OVERLAY).exists())
        return found if there else None
    return None if settings.retry_failed else found


def do_video(video: Video, settings: Settings, stopped: Stopped = never) -> Record:
    """Segments a video, unless that was done, and leaves its results and its record.

    Returns:
        The record. It never raises for the video's sake. If the record cannot be written, or if somebody stopped the
        work, the status is "missing", and nothing says on disk that the video was tried.
    """
    blank = Record(video.out, video.source, records.MISSING, model=settings.model, host=platform.node())
    folder = settings.out / video.out
    try:
        _check_place(video, settings)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder, stopped) as lock:
            if stopped():
                return replace(blank, error="was stopped")
            if found := earlier(video, settings):
                return found
            read_record(folder)  # refuses to replace what is none
            record = _attempts(video, settings, replace(blank, key=settings.key(video)), stopped, lock)
            if record.status != records.MISSING:
                write_record(folder, record)
            return record
    except TTVOSError as error:
        return replace(blank, error=str(error))
    except OSError as error:
        return replace(blank, error=f"{error.filename or folder}: {error.strerror or error}")


def _check_place(video: Video, settings: Settings) -> None:
    """Refuses a folder that a link leads elsewhere, and inputs that lie among the outputs."""
    folder = settings.out / video.out
    if resolved(folder) != folder:
        raise TTVOSError(f"{folder}: a link leads to {resolved(folder)}: results stay below --out")
    for path in video.files():
        if resolved(Path(path)).is_relative_to(settings.out):
            raise TTVOSError(f"{path}: lies in --out {settings.out}: choose another folder for the results")
    check_outputs([*video.files(), settings.model], {}, {"out": folder})


@contextlib.contextmanager
def _alone_in(folder: Path, stopped: Stopped) -> Iterator[list[int]]:
    """Waits until no other run works in a folder, and keeps others out; yields the descriptors that do so.

    Where a file system has no locks, and between machines, nobody is kept out: shards and Dask give each video once.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while not stopped():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL_SECONDS)
            except OSError:
                break
        yield [descriptor]
    finally:
        os.close(descriptor)


def _attempts(video: Video, settings: Settings, record: Record, stopped: Stopped, lock: list[int]) -> Record:
    """Tries until it is done, or as often as is allowed."""
    begin = time.monotonic()
    while True:
        record = replace(record, attempts=record.attempts + 1, error=None)
        record = _attempt(video, settings, record, stopped, lock)
        again = record.status in (records.CRASHED, records.HANGS) and record.attempts <= settings.retries
        if not again or stopped():
            return replace(record, seconds=round(time.monotonic() - begin, 2))


def _attempt(video: Video, settings: Settings, record: Record, stopped: Stopped, lock: list[int]) -> Record:
    """One try; it goes on from the masks that an earlier one has left, and leaves its own if it is not done."""
    folder = settings.out / video.out
    masks = folder / records.MASKS
    with tempfile.TemporaryDirectory(prefix="ttvos-") as aside:
        record = _try(video, settings, record, stopped, lock, Path(aside) / "summary.json", bool(left_at(masks)))
    for rest in [*folder.glob(f"{PARTIAL}*"), *(left_at(masks) if record.status == records.DONE else [])]:
        remove(rest)
    return record


def _try(
    video: Video, settings: Settings, record: Record, stopped: Stopped, lock: list[int], summary: Path, resume: bool
) -> Record:
    folder = settings.out / video.out
    opening = OPENING_SECONDS + _bytes(video.source) / OPENING_BYTES_A_SECOND
    arguments = [*_arguments(video, settings, summary), *(["--resume"] if resume else [])]
    try:
        code, reason = run_segment(arguments, folder, settings.timeout_per_frame, opening, stopped, lock)
    except HangsError as error:
        return replace(record, status=records.HANGS, error=f"nothing new for {error.args[0]:.1f} s")
    if code == 0:
        done = json.loads(summary.read_text())
        objects = tuple(done["objects"])
        return replace(record, status=records.DONE, frames=done["frames"], fps=done["fps"], objects=objects)
    if stopped() or code is None or _is_stop(code):
        return replace(record, status=records.MISSING, error="was stopped")
    if code == 2 and resume and reason.endswith(ANEW):  # the masks are of other options, or damaged
        return _try(video, settings, record, stopped, lock, summary, resume=False)
    if code == 2:
        return replace(record, status=records.FAILED, error=reason.removeprefix("ttvos: error: "))
    return replace(record, status=records.CRASHED, error=f"exit code {code}" + (f": {reason}" if reason else ""))


def _arguments(video: Video, settings: Settings, summary: Path) -> list[str]:
    """What follows `ttvos segment`."""
    folder = settings.out / video.out
    given = [f"--box={','.join(map(str, box))}" for box in video.boxes]
    given += ["--mask", video.mask] if video.mask else []
    given += ["--prompts", video.prompts] if video.prompts else []
    outputs = ["--out", str(folder / records.MASKS), "--json", str(summary)]
    outputs += ["--overlay", str(folder / records.OVERLAY)] if settings.overlay else []
    options = ["--model", settings.model, "--threads", str(settings.threads), "--runtime", settings.runtime]
    return [video.source, *given, *outputs, *options]


def _bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _is_stop(code: int) -> bool:
    """Whether somebody told the process to stop: the end of a job on a cluster, for instance."""
    return -code in STOPS or code - 128 in STOPS
