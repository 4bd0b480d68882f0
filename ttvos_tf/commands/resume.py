"""`--resume`: the masks of a run that was interrupted stay, and another one goes on from them."""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf import __version__
from ttvos_tf.commands.outputs import PNG, Places
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import open_input
from ttvos_tf.media.annotations.masks import Masks
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.sizes import size_of
from ttvos_tf.media.unfinished import (
    ANEW,
    RESULTS,
    Run,
    Unfinished,
    discard,
    has_state,
    left_at,
    read_unfinished,
    resumable_folder,
    write_state,
)
from ttvos_tf.media.video import Source
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.interpreter import Tensors
from ttvos_tf.runtime.prompts import Prompt
from ttvos_tf.runtime.propagate import Frames, Tracked

# Between two states, and what a run must have lasted for its masks to be kept: less is as soon made anew.
SECONDS = 2.0

_log = logging.getLogger(__name__)


def add_resume_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --resume."""
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the masks that an interrupted run of the same command left (of a video file or frames)",
    )


def check_resume(args: argparse.Namespace, places: Places, source: Source) -> None:
    """Refuses a --resume that cannot be, and says without one what has been left.

    Raises:
        TTVOSError: there is nothing to go on from, or not with these options.
    """
    if not args.resume:
        for folder in left_at(places.out) if places.is_folder else ():
            _log.warning("%s: an interrupted run left it: --resume goes on from it, or remove it", folder)
        return
    unfit = {
        "several sources": len(args.sources) > 1,
        f"--format {args.format}": args.format != PNG,
        "--backward": args.backward,
        "--cutout": args.cutout,
        "a stream or a camera": not source.files,
    }
    for what, given in unfit.items():
        if given:
            raise TTVOSError(f"--resume: not with {what}: only masks of one video file or folder can be resumed")
    if not left_at(places.out):
        raise TTVOSError(f"--resume: beside {places.out} nothing is left to go on from: {ANEW}")


@dataclass(frozen=True)
class Keeping:
    """How masks are kept.

    Attributes:
        run: what they depend on; empty if they are not.
        earlier: what to go on from, if anything.
    """

    run: Run
    earlier: Unfinished | None = None

    @contextlib.contextmanager
    def masks(self, places: Places) -> Iterator[Callable[[Tracked], None]]:
        """Yields what writes a frame's mask; all come to their place if the block ends well, and else stay."""
        folder = None
        try:
            with resumable_folder(places.out, self.run, places.replaceable, self.earlier) as folder:
                masks = _KeptMasks(folder, places.origin, self.earlier)
                try:
                    yield masks.add
                except BaseException:
                    masks.end()
                    raise
                masks.save()  # they may yet be refused their place
        except (KeyboardInterrupt, TTVOSError) as error:
            if folder is None or not has_state(folder) or str(error).endswith(ANEW):
                raise
            advice = f"the masks until then are kept in {folder}: --resume goes on from them"
            if isinstance(error, TTVOSError):
                raise TTVOSError(f"{error}; {advice}") from None
            raise KeyboardInterrupt(*error.args, advice) from None
        for left in left_at(places.out):  # what the same run has left is a part of what is there now
            with contextlib.suppress(TTVOSError):
                if read_unfinished(left).run == self.run:
                    discard(left, places.replaceable)

    def replay(self, frames: Frames) -> Iterator[Tracked]:
        """The frames that are done, with their kept masks.

        Raises:
            TTVOSError: a mask is missing or damaged.
        """
        for index, name, frame in frames:
            assert self.earlier is not None
            try:
                labels = read_mask(self.earlier.results / f"{name}.png", size_of(frame))
            except TTVOSError as error:
                raise TTVOSError(f"{error}: remove {self.earlier.folder}, and {ANEW}") from None
            os.utime(self.earlier.results)  # for who watches whether it goes on, as `ttvos batch` does
            yield Tracked(index, name, frame, labels, {}, dict, 0.0)

    @property
    def count(self) -> int:
        """Number of frames that are done."""
        return self.earlier.count if self.earlier else 0

    @property
    def states(self) -> dict[int, Tensors]:
        """The tracker's states after them.

        Raises:
            TTVOSError: somebody changed their names.
        """
        states: dict[int, Tensors] = {}
        for name, value in (self.earlier.state if self.earlier else {}).items():
            object_id, _, tensor = name.partition("/")
            if not object_id.isdecimal():
                raise TTVOSError(f"{name}: is no state: {ANEW}")
            states.setdefault(int(object_id), {})[tensor] = value
        return states


class _KeptMasks:
    """Fills an unfinished folder with masks, and says now and then how far they are."""

    def __init__(self, folder: Path, origin: str, earlier: Unfinished | None):
        self._folder = folder
        self._masks = Masks(folder / RESULTS, origin)
        self._done = earlier.count if earlier else 0
        self._last: Tracked | None = None
        self._saved: float | None = None

    def add(self, tracked: Tracked) -> None:
        """Writes a frame's mask, unless it is there already, or one before it could not be written."""
        if tracked.index != self._done:
            return
        self._masks.add(tracked.name, tracked.frame, tracked.labels)
        self._done += 1
        self._last, self._saved = tracked, self._saved or time.monotonic()
        if time.monotonic() - self._saved >= SECONDS:
            self.save()

    def end(self) -> None:
        """Says at an early end how far the masks are, if they are to be kept."""
        if has_state(self._folder) or (self._saved and time.monotonic() - self._saved >= SECONDS):
            self.save()

    def save(self) -> None:
        """Says how far the masks are, if there is room: without, the state before counts, and masks may yet fit."""
        if self._last:
            states = self._last.states.items()
            state = {f"{i}/{name}": value for i, tensors in states for name, value in tensors.items()}
            with contextlib.suppress(TTVOSError, OSError):
                write_state(self._folder, self._done, state)
        self._saved = time.monotonic()


def keeping_of(
    args: argparse.Namespace, given: Sequence[Prompt], source: Source, places: Places, tracker: Tracker
) -> Keeping:
    """How the masks of a run are kept: if another run could go on from them, and with --resume from what.

    Raises:
        TTVOSError: --resume, and nothing is left of the same run.
    """
    if not source.files or args.format != PNG or args.backward:
        return Keeping({})
    run = _run_of(args, given, source, places.origin, tracker)
    return Keeping(run, _find_earlier(places.out, run) if args.resume else None)


def _run_of(args: argparse.Namespace, given: Sequence[Prompt], source: Source, origin: str, tracker: Tracker) -> Run:
    """What the masks depend on, each by what is said of it where it differs."""
    files = [file.stat() for file in source.files]
    states = [[file.name, each.st_size, each.st_mtime_ns] for file, each in zip(source.files, files, strict=True)]
    prompts = [[each.frame, each.object_id, each.box, _content(each.mask)] for each in given]
    return {
        "another source": _digest([origin, states]),
        "other masks or boxes": _digest(prompts),
        "another model": tracker.model.digest,
        "another delegate": args.delegate or "",
        "another runtime": tracker.model.runtime,
        "another number of threads": str(args.threads),
        "another version of ttvos": __version__,
    }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _content(mask: str | Path | np.ndarray | None) -> str:
    if not isinstance(mask, str | Path):  # a box; the command line gives masks by their files
        return ""
    with open_input(mask) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find_earlier(out: Path, run: Run) -> Unfinished:
    """The farthest of what is left beside `out` of the same run.

    Raises:
        TTVOSError: there is none.
    """
    found, problems = [], []
    for folder in left_at(out):
        try:
            left = read_unfinished(folder)
        except TTVOSError as error:
            problems.append(f"{error}: remove {folder}, and {ANEW}")
            continue
        if left.run == run:
            found.append(left)
        else:
            what = next((what for what in run if left.run.get(what) != run[what]), "other options")
            problems.append(f"--resume: {folder} was begun with {what}: go on as it was begun, or {ANEW}")
    if not found:
        raise TTVOSError([*problems, f"--resume: beside {out} nothing is left to go on from: {ANEW}"][0])
    return max(found, key=lambda each: each.count)
