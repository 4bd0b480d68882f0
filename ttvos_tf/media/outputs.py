"""Whether outputs may be written where a command is told to: the one rule of all commands and scripts."""

import functools
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import Replaceable, check_file, check_folder, resolved


def check_outputs(
    inputs: Iterable[str | Path | None],
    files: Mapping[str, Path | None],
    folders: Mapping[str, Path | None] | None = None,
    replaceable: Replaceable | None = None,
) -> None:
    """Refuses outputs that would replace an input or each other. Called before the work, and again at its end.

    Args:
        inputs: files and folders that are read. None and what is no path (a camera's number) are passed over.
        files: option, as the user gave it -> file to write. None is passed over.
        folders: option -> folder that is replaced as a whole, the same way.
        replaceable: tells whether a file found in such a folder may be replaced; None: what they hold is not looked at.
            So it is at the end: `atomic_folder` keeps what somebody put there meanwhile, where a refusal would lose the
            work.

    Raises:
        TTVOSError: an output is an input (under any name), lies in an input folder, or is or holds an input; two
            outputs are one place, or one lies in the other; a folder is where a file is wanted, or the reverse.
    """
    wanted_files = {f"{option} {path}": path for option, path in files.items() if path is not None}
    wanted_folders = {f"{option} {path}": path for option, path in (folders or {}).items() if path is not None}
    wanted = {**wanted_folders, **wanted_files}
    identity = functools.cache(_identity)
    sources = {given: resolved(Path(given)) for given in inputs if given is not None}
    sources = {given: place for given, place in sources.items() if place.exists()}
    read = {identity(place): given for given, place in sources.items()}
    above_read = {identity(parent) for place in sources.values() for parent in place.parents}
    written: dict[Path, str] = {}
    for output, path in wanted.items():
        place = resolved(path)
        if identity(place) in read:
            raise TTVOSError(f"{output}: is read as input: choose another name")
        if output in wanted_folders and identity(place) in above_read:
            raise TTVOSError(f"{output}: holds an input: choose another folder")
        for parent in place.parents:
            if parent.is_dir() and identity(parent) in read:
                raise TTVOSError(f"{output}: lies in {read[identity(parent)]}, which is read: choose another place")
        if place in written:
            raise TTVOSError(f"{output}: is the place of {written[place]} too: choose another name")
        written[place] = output
    for place, output in written.items():
        for parent in place.parents:
            if parent in written:
                raise TTVOSError(f"{output}: lies in {wanted[written[parent]]}, another output: choose another place")
    for path in wanted_files.values():
        check_file(path)
    for path in wanted_folders.values():
        check_folder(path, replaceable)


def _identity(path: Path) -> Hashable:
    """What two names of one file have in common: by two links, or where names differ in case only."""
    try:
        found = path.stat()
    except OSError:  # it is not there
        return path
    return found.st_dev, found.st_ino
