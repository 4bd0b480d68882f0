"""The manifest: a JSON object a line, which says of one video what to follow and where its results go.

    {"source": "tapes/1/walk.mp4", "out": "1/walk", "boxes": [[210, 80, 120, 300]]}
    {"source": "tapes/2/walk.mp4", "out": "2/walk", "mask": "tapes/2/first.png"}

`docs/archives.md` has the rules. All of the file is checked before any work, since a mistake in the last line of a
million should not be found after a week.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import open_input
from ttvos_tf.limits import check_number, shown
from ttvos_tf.runtime.objects import Box, check_count
from ttvos_tf.runtime.prompt_file import FARTHEST

WHAT = ("boxes", "mask", "prompts")  # to follow: one of them
KEYS = ("source", "out", *WHAT)
REPORT = re.compile(r"report.*\.jsonl")  # what --out holds beside the videos' folders


@dataclass(frozen=True, slots=True)
class Video:
    """One video of a manifest.

    Attributes:
        source: path of the video, or of the folder of its frames; absolute.
        out: its folder below --out: relative, with "/", no "." or "..".
        boxes: around the objects in the first frame; empty if there is another way to tell them.
        mask: path of the first frame's mask, absolute; or None.
        prompts: path of a file as for `ttvos segment --prompts`, absolute; or None.
    """

    source: str
    out: str
    boxes: tuple[Box, ...] = ()
    mask: str | None = None
    prompts: str | None = None

    def files(self) -> list[str]:
        """The paths of all that is read."""
        return [path for path in (self.source, self.mask, self.prompts) if path]


def read_manifest(path: Path, shard: tuple[int, int] = (1, 1)) -> list[Video]:
    """Reads a manifest, all of it, and returns the videos of one shard.

    Args:
        path: of the manifest. Relative paths in it begin at its folder.
        shard: (i, n): every n-th video, beginning with the i-th; i from 1.

    Raises:
        TTVOSError: a line that is not as it should be, two videos with one folder, or one in the other's; no video.
    """
    base = path.absolute().parent
    videos: list[Video] = []
    lines: dict[str, int] = {}
    for count, (number, text) in enumerate(_lines(path)):
        where = f"{path}:{number}"
        video = _video(_object(text, where), base, where)
        folder = _folded(video.out)
        if folder in lines:
            raise TTVOSError(f"{where}: out {video.out!r}: is the folder of line {lines[folder]} too: choose another")
        lines[folder] = number
        if count % shard[1] == shard[0] - 1:
            videos.append(video)
    if not lines:
        raise TTVOSError(f"{path}: holds no video: a line for each is needed")
    for folder, number in lines.items():
        for parent in PurePosixPath(folder).parents:
            if str(parent) in lines:
                other = lines[str(parent)]
                raise TTVOSError(f"{path}:{number}: out: lies in the folder of line {other}: choose another")
    return videos


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of the lines that are not empty."""
    with open_input(path, "manifest") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8").strip()
            except UnicodeDecodeError:
                raise TTVOSError(f"{path}:{number}: is not UTF-8 text") from None
            if text:
                yield number, text


def _object(text: str, where: str) -> dict:
    """A line's JSON object; JSON's own rules leave out NaN and keys that are there twice only by custom."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    def unique(pairs: list[tuple[str, object]]) -> dict:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key is there twice")
        return dict(pairs)

    try:
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise TTVOSError(f"{where}: is not a JSON object on one line: {error}") from None
    if not isinstance(value, dict):
        raise TTVOSError(f'{where}: is not a JSON object: {{"source": ..., "out": ..., "boxes": [[X, Y, W, H]]}}')
    return value


def _video(value: dict, base: Path, where: str) -> Video:
    for key in ("source", "out"):
        if key not in value:
            raise TTVOSError(f"{where}: {key} is missing")
    if unknown := [key for key in value if key not in KEYS]:
        raise TTVOSError(f"{where}: unknown key {unknown[0]!r}: there are {', '.join(KEYS)}")
    if len(given := [key for key in WHAT if key in value]) != 1:
        raise TTVOSError(f"{where}: needs one of {', '.join(WHAT)}, not {' and '.join(given) or 'none'}")
    paths = {key: str(base / _text(value, key, where)) for key in ("source", "mask", "prompts") if key in value}
    boxes = _boxes(value["boxes"], where) if "boxes" in value else ()
    return Video(out=_out(_text(value, "out", where), where), boxes=boxes, **paths)


def _text(value: dict, key: str, where: str) -> str:
    text = value[key]
    if not isinstance(text, str) or not text:
        raise TTVOSError(f"{where}: {key}: a path is needed, not {shown(text)}")
    if "\0" in text or not _encodes(text):
        raise TTVOSError(f"{where}: {key}: {text!r} is no path")
    return text


def _encodes(text: str) -> bool:
    """Whether a string is text: JSON can hold half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _out(text: str, where: str) -> str:
    """A folder's name that stays below --out on every system, as it is."""
    parts = text.split("/")
    if any(part in ("", ".", "..") or not part.isprintable() or "\\" in part or ":" in part for part in parts):
        raise TTVOSError(
            f"{where}: out: {text!r} must be a path below --out, a/b for instance: no empty part, no .., no \\ or :"
        )
    if any(part[0] == "." or part[-1] in " ." for part in parts):
        raise TTVOSError(f"{where}: out: {text!r}: no part may begin with a dot, or end with a dot or a space")
    if any(len(part.encode()) > 255 for part in parts):
        raise TTVOSError(f"{where}: out: a part of it is longer than 255 bytes, which file systems do not take")
    if REPORT.fullmatch(_folded(parts[0])):
        raise TTVOSError(f"{where}: out: {text!r} is the place of a report: choose another")
    return text


def _folded(out: str) -> str:
    """What folders that some file system takes for one have in common: upper and lower case, two codes of a letter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", out).casefold())


def _boxes(value: object, where: str) -> tuple[Box, ...]:
    if not isinstance(value, list) or not value:
        raise TTVOSError(f"{where}: boxes: a list of [X, Y, W, H] is needed, not {shown(value)}")
    check_count(len(value), f"{where}: boxes")
    return tuple(_box(box, f"{where}: boxes[{index}]") for index, box in enumerate(value))


def _box(value: object, where: str) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise TTVOSError(f"{where} must be [left, top, width, height] in pixels, not {shown(value)}")
    check_number(tuple(value), -FARTHEST, FARTHEST, where)
    x, y, width, height = map(float, value)
    if min(width, height) <= 0:
        raise TTVOSError(f"{where}: width and height must be above 0, not {shown(value)}")
    return x, y, width, height
