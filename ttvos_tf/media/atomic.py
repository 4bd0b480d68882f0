"""Outputs that appear whole or not at all: they are written beside their place and renamed at the end.

What is being written has a random hidden name and a lock (flock), which ends with its process, however that ends. So
the next run to the same place knows what a killed one left, and removes it. Nothing else is ever removed:

- `.ttvos-partial-<place>-<random>` is being written: all that it holds is ours;
- `.ttvos-replaced-<place>-<random>` is a folder on its way in or out: only its replaceable files are removed;
- `<place>.unfinished-<random>` is what another run can go on from (unfinished.py), and stays until one has.

A file that somebody puts into a folder while its successor is made stays where it was put. Only where a new file has
the same name, the old folder stays, and the new one is kept beside it and named in the error.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ttvos_tf.errors import TTVOSError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, and so nothing that others left is removed
    fcntl = None  # type: ignore[assignment]

PARTIAL, REPLACED, UNFINISHED = ".ttvos-partial-", ".ttvos-replaced-", ".unfinished-"
LONGEST = 200  # bytes of a name that gets more behind it; file systems take 255

Replaceable = Callable[[Path], bool]
T = TypeVar("T")


class Together(contextlib.ExitStack):
    """Outputs of one run, which all come to their places when its block succeeds, or none does.

    What goes to a stream goes first: nobody knows before whether it is taken, by a FIFO's reader for instance. If it is
    not, no other output has been renamed. Those follow, the last opened first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._streams = contextlib.ExitStack()

    def enter_output(self, path: Path | None, output: contextlib.AbstractContextManager[T]) -> T:
        """Enters what writes to `path`, an `atomic_file` for instance; to nowhere if it is None."""
        return (self._streams if path and _is_stream(path) else self).enter_context(output)

    def __exit__(self, *error: Any) -> bool | None:
        self.push(self._streams)  # what is pushed last ends first
        return super().__exit__(*error)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a path to write to, renamed to `path` if the block succeeds and removed if it fails.

    The yielded path has `path`'s suffix. A link's target is replaced, not the link. To a character device, a FIFO, or
    the file that stdout or stderr goes to, the whole content is written at the end.

    Raises:
        TTVOSError: before the block: `path` is no file, or cannot be written. After it: it cannot be any more.
    """
    target = check_file(path)
    stream = _open_stream(path)
    if stream is not None:
        try:
            with tempfile.TemporaryDirectory(prefix="ttvos-") as folder:
                partial = Path(folder, f"partial{path.suffix}")
                partial.touch()
                with _blamed(path, partial):
                    yield partial
                content = memoryview(partial.read_bytes())
                with reported(path):
                    while content:
                        content = content[os.write(stream, content) :]
        finally:
            os.close(stream)
        return
    with place(path, target), new_partial(path, target, target.parent, folder=False) as partial:
        with _blamed(path, partial):
            yield partial
        with reported(path):
            try:
                os.replace(partial, target)
            except OSError as error:
                if error.errno != errno.EBUSY:  # a mount point, as containers have them
                    raise
                shutil.copyfile(partial, target)


@contextlib.contextmanager
def atomic_folder(
    path: Path, replaceable: Replaceable = lambda file: False, work: Path | None = None
) -> Iterator[Path]:
    """Yields an empty folder to fill, renamed to `path` if the block succeeds and removed if it fails.

    Args:
        path: the folder to make. It may exist if it is empty or holds only files that are `replaceable`: then the new
            one takes its place, in one step where the system can. In a mount point, which cannot be renamed, and in a
            folder whose parent cannot be written, the files are renamed one by one. A link's target is replaced, not
            the link.
        replaceable: tells whether a file found in `path` may be replaced.
        work: a folder of the caller's on the same file system, yielded instead; it stays if the block fails.

    Raises:
        TTVOSError: before the block: `path` is a file or the working folder, holds something else, or cannot be
            written. After it: somebody else's file is in the way.
    """
    _end_killed(resolved(path), replaceable)
    target = check_folder(path, replaceable)
    with place(path, target):
        made = new_partial(path, target, beside(target), folder=True) if work is None else contextlib.nullcontext(work)
        with made as partial:
            with _blamed(path, partial):
                yield partial
            with reported(path):
                _publish(partial, target, path, replaceable, stays=work is not None)


def check_file(path: Path) -> Path:
    """Where a file at `path` would lie: links are followed.

    Raises:
        TTVOSError: `path` is a folder, or another thing that no file can replace.
    """
    target = resolved(path)
    if target.is_dir():
        raise TTVOSError(f"{path}: is a folder, a file name is needed")
    if target.exists() and not target.is_file() and not _is_stream(target):
        raise TTVOSError(f"{path}: is not a regular file")
    return target


def check_folder(path: Path, replaceable: Replaceable | None) -> Path:
    """Where a folder at `path` would lie: links are followed.

    Args:
        path: the folder.
        replaceable: see `atomic_folder`; None: what the folder holds is not looked at.

    Raises:
        TTVOSError: `path` is a file or the working folder, or holds something that is not `replaceable`.
    """
    target = resolved(path)
    if target.exists() and not target.is_dir():
        raise TTVOSError(f"{path}: is a file, a folder is needed")
    if target == resolved(Path()):
        raise TTVOSError(f"{path}: is the working folder, which cannot be replaced: choose a folder in it")
    try:
        others = _strangers(target, replaceable) if replaceable and target.exists() else []
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be read ({error.strerror})") from None
    if others:
        raise TTVOSError(
            f"{path}: holds {others[0].name}, which would be lost: choose another folder or empty this one"
        )
    return target


def resolved(path: Path) -> Path:
    """The path without links.

    Raises:
        TTVOSError: it has none: links in a circle, a null character.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise TTVOSError(f"{path}: is no path ({getattr(error, 'strerror', None) or error})") from None


def _is_stream(path: Path) -> bool:
    """Whether a path is of what is written to and never replaced."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or _standard_stream(path) is not None


def _standard_stream(path: Path) -> int | None:
    """The number of stdout or stderr, if it goes to this file: its writer would go on in one that was replaced."""
    for number in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(path.stat(), os.fstat(number)):
                return number
    return None


def _open_stream(path: Path) -> int | None:
    """A descriptor of a stream; None of any other path."""
    if not _is_stream(path):
        return None
    number = _standard_stream(path)
    if number is not None:
        return os.dup(number)
    try:
        # Without O_NONBLOCK the FIFO would wait for a reader, maybe for ever.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        reason = "nobody reads this FIFO" if error.errno == errno.ENXIO else error.strerror
        raise TTVOSError(f"{path}: cannot be written ({reason})") from None
    os.set_blocking(descriptor, True)
    return descriptor


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turns an OSError into one that names the output, not its partial."""
    try:
        yield
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be written ({error.strerror or error})") from None


@contextlib.contextmanager
def _blamed(path: Path, partial: Path) -> Iterator[None]:
    """Turns an OSError of writing a partial, a full disk for instance, into one that names the output."""
    try:
        yield
    except OSError as error:
        if error.filename is None:  # `write` has no name to tell
            ours = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        else:
            ours = str(error.filename).startswith(str(partial))
        if ours:
            raise TTVOSError(f"{path}: cannot be written ({error.strerror})") from None
        raise


def beside(target: Path) -> Path:
    """Where a successor of the folder `target` can be made: above it, or in it if it cannot be renamed."""
    inside = target.is_dir() and (os.path.ismount(target) or not os.access(target.parent, os.W_OK | os.X_OK))
    return target if inside else target.parent


def unfinished(target: Path) -> list[Path]:
    """What interrupted runs to a folder have left to go on from, or running ones are filling."""
    where, name = beside(target), re.compile(rf"{re.escape(_begin(target))}[0-9a-f]{{8}}")
    try:
        return sorted(where / each for each in os.listdir(where) if name.fullmatch(each) and (where / each).is_dir())
    except OSError:
        return []


def new_unfinished(target: Path) -> Path:
    """A name for another one."""
    return beside(target) / f"{_begin(target)}{secrets.token_hex(4)}"


def _begin(target: Path) -> str:
    long = len(os.fsencode(target.name)) > LONGEST
    return f"{_digest(target) if long else target.name}{UNFINISHED}"


@contextlib.contextmanager
def place(path: Path, target: Path) -> Iterator[None]:
    """Makes the missing folders above `target`; if the block fails, those that are still empty go."""
    made: list[Path] = []
    try:
        with reported(path):
            for folder in reversed([parent for parent in target.parents if not parent.exists()]):
                with contextlib.suppress(FileExistsError):  # somebody else made it just now
                    folder.mkdir()
                    made.append(folder)
        yield
    except BaseException:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def new_partial(path: Path, target: Path, where: Path, folder: bool) -> Iterator[Path]:
    """Yields a new, locked file or folder in `where`, removed after the block if it has its name; first, dead ones."""
    for dead in _names(where, PARTIAL, target):
        with locked(dead, wait=False) as held:
            if held:
                remove(dead)
    with contextlib.ExitStack() as lock:
        with reported(path):
            while True:
                partial = where / _new_name(PARTIAL, target)
                if folder:
                    partial.mkdir()
                else:
                    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
                lock.enter_context(locked(partial, wait=True))
                if partial.exists():  # nobody removed it as a dead one before it was locked
                    break
        try:
            yield partial
        finally:
            remove(partial)


def _new_name(kind: str, target: Path) -> str:
    return f"{kind}{_digest(target)}-{secrets.token_hex(8)}{target.suffix}"


def _names(where: Path, kind: str, target: Path) -> list[Path]:
    """What runs to `target` have made in a folder."""
    name = re.compile(rf"{re.escape(kind)}{_digest(target)}-[0-9a-f]{{16}}{re.escape(target.suffix)}")
    try:
        return [where / each for each in os.listdir(where) if name.fullmatch(each)]
    except OSError:
        return []


def _digest(target: Path) -> str:
    """Stands for a name, which may be as long as names can be."""
    return hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]


@contextlib.contextmanager
def locked(path: Path, wait: bool) -> Iterator[bool | None]:
    """Holds the lock of a file or folder; yields whether it does: False if another process does, None without locks."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW) if fcntl else None
    except OSError:
        descriptor = None
    if descriptor is None:
        yield None
        return
    try:
        held: bool | None = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:  # this file system may have no locks
            held = False if isinstance(error, BlockingIOError) else None
        yield held
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock of a file or folder."""
    with locked(path, wait=False) as held:
        return held is False


def remove(path: Path) -> None:
    """Removes a file, or a folder with all that it holds."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _strangers(folder: Path, replaceable: Replaceable) -> list[Path]:
    """What a folder holds that may not be replaced; what is being written to it does not count."""
    ours = [*_names(folder, PARTIAL, folder), *unfinished(folder)]
    return [item for item in sorted(folder.iterdir()) if item not in ours and not may_go(item, replaceable)]


def may_go(item: Path, replaceable: Replaceable) -> bool:
    """Whether something in a folder is a file that may be replaced."""
    return not item.is_symlink() and item.is_file() and replaceable(item)


def _publish(partial: Path, target: Path, path: Path, replaceable: Replaceable, stays: bool) -> None:
    """Puts the whole new folder in its place; `stays`: if that fails, it is kept where it is."""
    if target.is_dir():  # it is looked at again: the work took a while
        new = set(os.listdir(partial))
        if clash := [item.name for item in _strangers(target, replaceable) if item.name in new]:
            kept = partial if stays else partial.with_name(f"{target.name}.new-{secrets.token_hex(4)}")
            os.rename(partial, kept)
            raise TTVOSError(
                f"{path}: holds {clash[0]}, which was put there meanwhile and would be lost: the new folder is {kept}"
            )
    if target in partial.parents:
        _move_into(partial, target, replaceable)
        return
    try:
        os.rename(partial, target)  # takes the place of an empty folder too
        return
    except OSError as error:
        if error.errno == errno.EBUSY:
            _copy_into(partial, target, path, replaceable)
            return
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    replaced = target.with_name(_new_name(REPLACED, target))
    with locked(target, wait=False):
        try:
            _exchange(partial, target, replaced)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _copy_into(partial, target, path, replaceable)
            return
        _clear(replaced, target, replaceable)
    if replaced.exists():
        raise TTVOSError(f"{path}: is written, but somebody's files were in its place: they are kept in {replaced}")


def _exchange(partial: Path, target: Path, replaced: Path) -> None:
    """`partial` -> `target` -> `replaced`: in one step, or so that the old folder is back if the second step fails."""
    os.rename(partial, replaced)  # from here on, it is not all ours
    try:
        swapped = _swap(replaced, target)
    except OSError:
        os.rename(replaced, partial)
        raise
    if swapped:
        return
    os.rename(replaced, partial)
    os.rename(target, replaced)
    try:
        os.rename(partial, target)
    except BaseException:
        os.rename(replaced, target)
        raise


def _swap(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step; False where the system cannot (only Linux can)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        return False
    at_working_folder, exchange = -100, 2
    if call(at_working_folder, os.fsencode(one), at_working_folder, os.fsencode(other), exchange) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _clear(replaced: Path, target: Path, replaceable: Replaceable) -> None:
    """Removes a replaced folder; what is not replaceable in it goes back to where it was, unless that is taken."""
    for item in sorted(replaced.iterdir()):
        with contextlib.suppress(OSError):
            if may_go(item, replaceable):
                item.unlink()
            elif not os.path.lexists(target / item.name):
                os.rename(item, target / item.name)
    with contextlib.suppress(OSError):
        replaced.rmdir()


def _end_killed(target: Path, replaceable: Replaceable) -> None:
    """Ends what a killed run began: brings the old folder back if no new one came, else removes it."""
    for dead in _names(target.parent, REPLACED, target):
        with locked(dead, wait=False) as held, contextlib.suppress(OSError):
            if held and not target.exists():
                os.rename(dead, target)
            elif held:
                _clear(dead, target, replaceable)


def _move_into(partial: Path, target: Path, replaceable: Replaceable) -> None:
    """Renames each file of a folder that lies in `target` to its place, then removes the older files."""
    names = sorted(os.listdir(partial))
    for name in names:
        os.rename(partial / name, target / name)
    for item in sorted(target.iterdir()):
        if item.name not in names and may_go(item, replaceable):
            item.unlink()


def _copy_into(partial: Path, target: Path, path: Path, replaceable: Replaceable) -> None:
    """The same for a mount point of which only the rename could tell that it is one."""
    with new_partial(path, target, target, folder=True) as inner:
        shutil.copytree(partial, inner, dirs_exist_ok=True)
        _move_into(inner, target, replaceable)
