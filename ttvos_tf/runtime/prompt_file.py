"""The file of --prompts: masks and boxes of a video as JSON.

    {"prompts": [
        {"frame": 0, "mask": "first.png"},
        {"frame": 45, "mask": "later.png", "object": 1},
        {"frame": 45, "box": [10, 20, 30, 40], "object": 2}
    ]}

`frame` counts from 0. `mask` is a file, seen from the folder of the JSON; of `object` alone, if that is there. `box` is
x, y, width, height in pixels, and needs `object`. Nothing else is allowed.
"""

import json
from pathlib import Path
from typing import Any

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.prompts import Prompt

ALLOWED = ("frame", "mask", "box", "object")
FARTHEST = 1e6  # pixels: JSON has numbers that no float holds


def read_prompts(path: Path) -> list[Prompt]:
    """Reads a file of prompts; the masks that it names are not read yet.

    Raises:
        TTVOSError: the file is missing, or is not as this module says.
    """
    try:
        content = json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such file of prompts") from None
    except TTVOSError as error:
        raise TTVOSError(f"{path}: {error}") from None
    except (ValueError, RecursionError):
        raise TTVOSError(f"{path}: cannot be read as JSON") from None
    listed = content.get("prompts") if isinstance(content, dict) and len(content) == 1 else None
    if not isinstance(listed, list) or not listed:
        raise TTVOSError(f'{path}: must be {{"prompts": [...]}}, with at least one mask or box')
    return [_prompt(entry, f"{path}: prompts[{index}]", path.parent) for index, entry in enumerate(listed)]


def _prompt(entry: Any, where: str, folder: Path) -> Prompt:
    if not isinstance(entry, dict):
        raise TTVOSError(f'{where}: must be {{"frame": N, "mask": FILE}} or {{"frame": N, "box": [...], "object": ID}}')
    if unknown := entry.keys() - set(ALLOWED):
        raise TTVOSError(f"{where}: {min(unknown)!r} is unknown: choose from {', '.join(ALLOWED)}")
    if not _is_whole(entry.get("frame")) or entry["frame"] < 0:
        raise TTVOSError(f"{where}: frame: must be the number of a frame, counted from 0")
    if ("mask" in entry) == ("box" in entry):
        raise TTVOSError(f"{where}: must have either mask or box")
    if "object" in entry and not _is_whole(entry["object"]):
        raise TTVOSError(f"{where}: object: must be a whole number")
    if "mask" in entry:
        if not isinstance(entry["mask"], str) or not entry["mask"]:
            raise TTVOSError(f"{where}: mask: must be the name of a file")
        what: dict[str, Any] = {"mask": folder / entry["mask"]}
    else:
        box = entry["box"]
        if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
            raise TTVOSError(f"{where}: box: must be four numbers of pixels: x, y, width, height")
        if "object" not in entry:
            raise TTVOSError(f"{where}: object: say whose box it is")
        what = {"box": tuple(box)}
    try:
        return Prompt(entry["frame"], object_id=entry.get("object"), **what)
    except TTVOSError as error:
        raise TTVOSError(f"{where}: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no name may come twice: the first would be lost."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise TTVOSError(f"{max(names, key=names.count)!r} stands twice in one entry")
    return content


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FARTHEST
