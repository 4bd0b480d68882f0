"""The file of --prompts: masks and boxes of a video as JSON.

    {"prompts": [
        {"frame": 0, "mask": "first.png"},
        {"frame": 45, "mask": "later.png", "object": 1},
        {"frame": 45, "box": [10, 20, 30, 40], "object": 2}
    ]}

`frame` counts from 0. `mask` is a file, seen from the folder of the JSON; of `object` alone, if that is there. `box` is
x, y, width, height in pixels, and needs `object`. Nothing else is allowed.
"""

from pathlib import Path
from typing import Any

from ttvos_tf.contract import VOID
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json
from ttvos_tf.limits import check_number, check_whole, shown
from ttvos_tf.runtime.objects import FARTHEST
from ttvos_tf.runtime.prompts import Prompt

ALLOWED = ("frame", "mask", "box", "object")
MOST_FRAMES = 10**9


def read_prompts(path: Path) -> list[Prompt]:
    """Reads a file of prompts; the masks that it names are not read yet.

    Raises:
        TTVOSError: the file is missing, or is not as this module says.
    """
    content = read_json(path)
    listed = content.get("prompts") if isinstance(content, dict) and len(content) == 1 else None
    if not isinstance(listed, list) or not listed:
        raise TTVOSError(f'{path}: must be {{"prompts": [...]}}, with at least one mask or box')
    return [_prompt(entry, f"{path}: prompts[{index}]", path.parent) for index, entry in enumerate(listed)]


def _prompt(entry: Any, where: str, folder: Path) -> Prompt:
    if not isinstance(entry, dict):
        raise TTVOSError(f"{where} must be a mask or a box with its frame, not {shown(entry)}")
    if unknown := entry.keys() - set(ALLOWED):
        raise TTVOSError(f"{where}: {shown(min(unknown))} is unknown: choose from {', '.join(ALLOWED)}")
    if ("mask" in entry) == ("box" in entry):
        raise TTVOSError(f"{where} must have either mask or box")
    for needed in ("frame", "object") if "box" in entry else ("frame",):
        if needed not in entry:
            raise TTVOSError(f"{where} must have {needed}")
    frame = check_whole(entry["frame"], 0, MOST_FRAMES, f"{where}.frame")
    object_id = check_whole(entry["object"], 1, VOID - 1, f"{where}.object") if "object" in entry else None
    if "mask" in entry:
        if not isinstance(entry["mask"], str) or not entry["mask"]:
            raise TTVOSError(f"{where}.mask must be the name of a file, not {shown(entry['mask'])}")
        return Prompt(frame, mask=folder / entry["mask"], object_id=object_id)
    box = entry["box"]
    if not isinstance(box, list) or len(box) != 4:
        raise TTVOSError(f"{where}.box must be [x, y, width, height] in pixels, not {shown(box)}")
    check_number(tuple(box), -FARTHEST, FARTHEST, f"{where}.box")
    x, y, width, height = map(float, box)
    return Prompt(frame, box=(x, y, width, height), object_id=object_id)
