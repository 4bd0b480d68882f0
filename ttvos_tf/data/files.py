"""Files of a data set."""

from pathlib import Path

from ttvos_tf.errors import TTVOSError


def check_name(name: str, source: str | Path) -> str:
    """A name that a list gives to a file or folder, if it stays in the folder that it is looked up in, or written to.

    Args:
        name: what the list says.
        source: the list, for the error.

    Raises:
        TTVOSError: it would lead elsewhere, or is no name.
    """
    if name in ("", ".", "..") or any(each in "/\\" or not each.isprintable() for each in name):
        raise TTVOSError(f"{source}: {name!r} is no name of a file or folder: it must hold no / and lead nowhere else")
    return name


def files_by_stem(folder: Path, *suffixes: str) -> dict[str, Path]:
    """The files of a folder that have one of the suffixes, by name without suffix, sorted; hidden ones are passed over.

    Raises:
        TTVOSError: the folder is missing or has no such file, or two of one name without suffix.
    """
    if not folder.is_dir():
        raise TTVOSError(f"{folder}: no such folder")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and path.name[0] != ".":
            if path.stem in files:
                raise TTVOSError(f"{path}: {files[path.stem].name} has that name too: remove the one that is not meant")
            files[path.stem] = path
    if not files:
        raise TTVOSError(f"{folder}: no {' or '.join(suffixes)} file in this folder")
    return files
