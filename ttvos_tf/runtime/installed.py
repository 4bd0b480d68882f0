"""The models of this version, by name.

`ttvos_tf/models/models.json` lists them, name `<backbone>_<H>x<W>_<precision>`:

    {"default": NAME, NAME: {"file": "ttvos_NAME.tflite", "sha256": "...", "size_bytes": 123, "inside": true}, ...}

Those inside the package lie beside it, in a checkout all. The others are fetched (`fetch.py`).
"""

import hashlib
import os
import re
from pathlib import Path

from ttvos_tf.contract import PRECISIONS, SUFFIX
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import check_input, open_input, read_json
from ttvos_tf.limits import shown
from ttvos_tf.media.sizes import Size
from ttvos_tf.runtime import fetch

FOLDER = Path(__file__).parent.parent / "models"
NAME = re.compile(rf"\w+_\d{{1,5}}x\d{{1,5}}_({'|'.join(PRECISIONS)})")


def installed(folder: Path = FOLDER) -> dict[str, dict]:
    """The entries of models.json: name -> {"file", "sha256", "size_bytes", "inside"}, sorted by name.

    Raises:
        TTVOSError: it is damaged.
    """
    return {name: entry for name, entry in sorted(_manifest(folder).items()) if name != "default"}


def default_name(folder: Path = FOLDER) -> str:
    """Name of the model that is used when none is asked for."""
    manifest = _manifest(folder)
    if "default" not in manifest:
        raise TTVOSError("no model comes with this installation: give the path of a .tflite file")
    return manifest["default"]


def find_model(model: str | Path, size: Size | None = None, folder: Path = FOLDER) -> Path:
    """The file of a model; one that is not on this machine is fetched.

    Args:
        model: path of a `.tflite` file, or name of a model, whole or shortened as for `full_name`.
        size: (height, width) that a model given by name must have; None for any.
        folder: where models.json is.

    Returns:
        Path of a file that exists; that of a name is as it was shipped (same SHA-256).

    Raises:
        TTVOSError: there is no such file or name; the file is changed, or missing and cannot be fetched.
    """
    if not isinstance(model, str | Path):
        raise TTVOSError(f"model: give the path of a file or a name as text, not {shown(model)}")
    path = Path(model)
    if os.path.isfile(path):  # unlike Path.is_file, False for a name that is too long
        return path
    if os.path.exists(path) and not path.is_dir():
        check_input(path, "model file")
    if path.suffix == SUFFIX:
        raise TTVOSError(f"{path}: no such model file")
    entry = installed(folder)[full_name(str(model), size, folder)]
    path = local(entry, folder) or fetch.fetch(entry)
    problem = fault(path, entry)
    if problem:
        remedy = "install the package again" if path.parent == folder else "remove it"
        raise TTVOSError(f"{path}: {problem}: {remedy}")
    return path


def local(entry: dict, folder: Path = FOLDER) -> Path | None:
    """Where a model's file lies on this machine, unchecked; None if it has to be fetched.

    Beside models.json, where one that is inside the package always belongs, or where `fetch.find` finds it.
    """
    path = folder / entry["file"]
    return path if entry["inside"] or path.is_file() else fetch.find(entry)


def full_name(beginning: str, size: Size | None = None, folder: Path = FOLDER) -> str:
    """The installed model that a shortened name means.

    The rule: a name may be cut off anywhere, as long as it tells the network ("hrnet", "mobilenet_v2_240x432"). Of the
    models that begin so, it means the one for the largest frames, and of these the one of the first of PRECISIONS.

    Args:
        beginning: of a name, or all of it.
        size: (height, width) that the model must have; None for any.
        folder: where models.json is.

    Raises:
        TTVOSError: no name begins so, or those of several networks do.
    """
    entries = installed(folder)
    if beginning in entries and size in (None, _parts(beginning)[1]):
        return beginning
    names = [name for name in entries if name.startswith(beginning) and size in (None, _parts(name)[1])]
    names = [name for name in names if name.startswith(f"{beginning}_")] or names  # "net" is not "net2"
    if not names:
        at_size = f" of size {size[0]}x{size[1]}" if size else ""
        raise TTVOSError(
            f"{beginning[:200]}: no such model file, and no installed model of that name{at_size} (see `ttvos models`)"
        )
    if len({_parts(name)[0] for name in names}) > 1:
        raise TTVOSError(f"{beginning}: may be {', '.join(names)}: give more of the name")

    def rank(name: str) -> tuple[int, int]:
        _, (height, width), precision = _parts(name)
        return height * width, -PRECISIONS.index(precision)

    return max(names, key=rank)


def _parts(name: str) -> tuple[str, Size, str]:
    """From "hrnet_480x864_int8" to "hrnet", (480, 864), "int8"."""
    network, size, precision = name.rsplit("_", 2)
    height, width = map(int, size.split("x"))
    return network, (height, width), precision


def _manifest(folder: Path) -> dict:
    path = folder / "models.json"
    if not path.exists():
        return {}
    manifest = read_json(path)
    entries = manifest if isinstance(manifest, dict) else {"": None}
    for name, entry in entries.items():
        if not (isinstance(entry, str) if name == "default" else NAME.fullmatch(name) and _is_entry(entry)):
            raise TTVOSError(f"{path}: is damaged: install the package again")
    return entries


def _is_entry(entry: object) -> bool:
    kinds = {"file": str, "sha256": str, "size_bytes": int, "inside": bool}
    if not isinstance(entry, dict) or any(not isinstance(entry.get(key), kind) for key, kind in kinds.items()):
        return False
    return bool(re.fullmatch(r"\w[\w.-]*", entry["file"]) and re.fullmatch("[0-9a-f]{64}", entry["sha256"]))


def is_installed(digest: str, folder: Path = FOLDER) -> bool:
    """Whether an installed model has this SHA-256, wherever the file lies."""
    return any(entry["sha256"] == digest for entry in installed(folder).values())


def fault(path: Path, entry: dict) -> str | None:
    """What is wrong with an installed file; None if it is as it was shipped."""
    if not path.is_file():
        return "the file is missing"
    with open_input(path) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
            return "the file is not as it was shipped (its SHA-256 differs)"
    return None
