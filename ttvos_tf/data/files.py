"""Files of a data set."""

from pathlib import Path

from ttvos_tf.errors import TTVOSError


def files_by_stem(folder: Path, *suffixes: str) -> dict[str, Path]:
    """The files of a folder that have one of the suffixes, by name without suffix, sorted.

    Raises:
        TTVOSError: the folder is missing or has no such file.
    """
    if not folder.is_dir():
        raise TTVOSError(f"{folder}: no such folder")
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes}
    if not files:
        raise TTVOSError(f"{folder}: no {' or '.join(suffixes)} file in this folder")
    return files
