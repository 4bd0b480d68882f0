"""Outputs that appear whole or not at all: they are written beside their place and renamed at the end."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ttvos_tf.errors import TTVOSError


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a path to write to, renamed to `path` if the block succeeds and removed if it fails.

    Missing parent folders are made at the end. The yielded path has `path`'s suffix.

    Raises:
        TTVOSError: before the block: `path` is a folder, or cannot be written.
    """
    if path.is_dir():
        raise TTVOSError(f"{path}: is a folder, a file name is needed")
    partial = _beside(path)
    try:
        partial.touch()
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        yield partial
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path, replaceable: Callable[[Path], bool] = lambda file: False) -> Iterator[Path]:
    """Yields an empty folder to fill, renamed to `path` if the block succeeds and removed if it fails.

    Args:
        path: the folder to make. It may exist if it is empty or holds only files that are `replaceable`: then the new
            one takes its place.
        replaceable: tells whether a file found in `path` may be replaced.

    Raises:
        TTVOSError: before the block: `path` is a file, holds something else, or cannot be written.
    """
    if path.exists() and not path.is_dir():
        raise TTVOSError(f"{path}: is a file, a folder is needed")
    for item in path.iterdir() if path.exists() else ():
        if not (item.is_file() and replaceable(item)):
            raise TTVOSError(f"{path}: holds {item.name}, which would be lost: choose another folder or empty this one")
    partial, old = _beside(path), _beside(path.with_name(path.name + ".old"))
    try:
        partial.mkdir()
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        yield partial
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            os.replace(path, old)
        os.replace(partial, path)
    finally:
        for folder in (partial, old):
            shutil.rmtree(folder, ignore_errors=True)


def _beside(path: Path) -> Path:
    """A hidden name of its own in the nearest folder that exists: on the same file system as `path` will be."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    return folder / f".{path.stem}.{os.getpid()}.partial{path.suffix}"
