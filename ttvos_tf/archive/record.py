"""How a video ended: `record.json` in its folder, which a restart goes by.

It is written after the results, and renamed into place. So a video whose record is there is not done again, and one
whose record is missing is, however the run, its machine or its disk ended.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ttvos_tf.archive.manifest import Video
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_text
from ttvos_tf.media.atomic import atomic_file

NAME, MASKS, OVERLAY = "record.json", "masks", "overlay.mp4"

DONE = "done"
FAILED = "failed"  # `ttvos segment` refused it, or could not write, and said why
CRASHED = "crashed"  # its process ended without a word
HANGS = "hangs"
MISSING = "missing"  # not done, and not its fault: never in a record on disk, the next run does it
STATUSES = (DONE, FAILED, CRASHED, HANGS, MISSING)


@dataclass(frozen=True, slots=True)
class Record:
    """How a video ended.

    Attributes:
        out: its folder below --out.
        source: what it was made of.
        status: one of STATUSES.
        error: one line that says why it is not done; None if it is.
        attempts: how often it was tried, in the run that ended it.
        seconds: on the clock, for all attempts.
        frames: number of masks; None if it is not done.
        fps: frames per second of the network alone, as `ttvos segment --json` has it.
        objects: ids of the objects.
        model: name of the installed model, or path of the file.
        host: name of the machine.
        key: stands for all that the results depend on.
    """

    out: str
    source: str
    status: str
    error: str | None = None
    attempts: int = 0
    seconds: float = 0.0
    frames: int | None = None
    fps: float | None = None
    objects: tuple[int, ...] = ()
    model: str = ""
    host: str = ""
    key: str = ""

    def line(self) -> str:
        """As a line of the report."""
        return json.dumps(asdict(self))


def key_of(video: Video, options: object) -> str:
    """Stands for a video's file, its boxes, mask or prompts, and the options that change the results.

    A file counts by its size and time, not by its place: an archive may be moved, with its results.
    """
    files = [_state(path) for path in video.files()]
    return hashlib.sha256(json.dumps([files, video.boxes, options]).encode()).hexdigest()[:16]


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:  # `ttvos segment` will say so
        return None
    return found.st_size, found.st_mtime_ns


def read_record(folder: Path) -> Record | None:
    """The record in a video's folder; None if there is none.

    Raises:
        TTVOSError: the file is not a record, or cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    text = read_text(path)
    if not text.strip("\0"):  # a power cut can leave that
        return None
    try:
        record = Record(**json.loads(text))
        return replace(record, objects=tuple(record.objects))
    except (ValueError, TypeError, RecursionError):
        raise TTVOSError(f"{path}: was not written by `ttvos batch`, and would be lost: choose another out") from None


def write_record(folder: Path, record: Record) -> None:
    """Writes the record, whole or not at all.

    Raises:
        TTVOSError, OSError: it cannot be written.
    """
    with atomic_file(folder / NAME) as partial:
        partial.write_text(f"{record.line()}\n")
