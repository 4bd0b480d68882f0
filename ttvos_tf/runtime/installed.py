"""The models that come with the package, by name.

They lie in `ttvos_tf/models/` beside `models.json`, name `<backbone>_<H>x<W>_<precision>`:

    {"default": NAME, NAME: {"file": "ttvos_NAME.tflite", "sha256": "...", "size_bytes": 123}, ...}
"""

import hashlib
import json
from pathlib import Path

from ttvos_tf.errors import TTVOSError

FOLDER = Path(__file__).parent.parent / "models"
SUFFIX = ".tflite"
PRECISIONS = ("int8", "float16", "float32")  # in the order in which they are preferred


def installed(folder: Path = FOLDER) -> dict[str, dict]:
    """The entries of models.json: name -> {"file", "sha256", "size_bytes"}, sorted by name."""
    return {name: entry for name, entry in sorted(_manifest(folder).items()) if name != "default"}


def default_name(folder: Path = FOLDER) -> str:
    """Name of the model that is used when none is asked for."""
    manifest = _manifest(folder)
    if "default" not in manifest:
        raise TTVOSError("no model comes with this installation: give the path of a .tflite file")
    return manifest["default"]


def find_model(model: str | Path, folder: Path = FOLDER) -> Path:
    """The file of a model.

    Args:
        model: name of an installed model, or path of a `.tflite` file.
        folder: where models.json is.

    Returns:
        Path of a file that exists; an installed model is as it was shipped (same SHA-256).

    Raises:
        TTVOSError: there is no such file or name, or an installed file is missing or changed.
    """
    path = Path(model)
    if path.is_file():
        return path
    if path.suffix == SUFFIX:
        raise TTVOSError(f"{path}: no such model file")
    entry = installed(folder).get(str(model))
    if entry is None:
        raise TTVOSError(f"{model}: no such model file, and no installed model of that name (see `ttvos models`)")
    path = folder / entry["file"]
    problem = fault(path, entry)
    if problem:
        raise TTVOSError(f"{path}: {problem}: install the package again")
    return path


def find_name(prefix: str, size: tuple[int, int] | None = None, folder: Path = FOLDER) -> str:
    """The installed model that a shortened name means.

    Args:
        prefix: a whole name, or the beginning of one: "hrnet", "hrnet_480x864".
        size: (height, width) that the model must have; None for any.

    Returns:
        The matching name; among several the default, else the one of the preferred precision.

    Raises:
        TTVOSError: no name matches.
    """
    wanted = f"_{size[0]}x{size[1]}_" if size else ""
    names = [name for name in installed(folder) if f"{name}_".startswith(f"{prefix}_") and wanted in name]
    if not names:
        at_size = f" of size {size[0]}x{size[1]}" if size else ""
        raise TTVOSError(f"{prefix}: no installed model of that name{at_size} (see `ttvos models`)")
    if default_name(folder) in names:
        return default_name(folder)
    return min(names, key=lambda name: [not name.endswith(precision) for precision in PRECISIONS])


def _manifest(folder: Path) -> dict:
    path = folder / "models.json"
    return json.loads(path.read_text()) if path.exists() else {}


def fault(path: Path, entry: dict) -> str | None:
    """What is wrong with an installed file; None if it is as it was shipped."""
    if not path.is_file():
        return "the file is missing"
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
            return "the file is not as it was shipped (its SHA-256 differs)"
    return None
