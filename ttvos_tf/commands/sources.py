"""The sources of `ttvos segment`: what each is called, and which of the options' places are its own."""

import argparse
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.address import is_address, split_address
from ttvos_tf.media.atomic import resolved

NAME = "{name}"
PER_SOURCE = ("out", "overlay", "cutout", "json")


def name_of(source: str) -> str:
    """What results of a source are called: "walk" of videos/walk.mp4, "camera0" of 0, "stdin" of -."""
    path = Path(source)
    if os.path.exists(path):  # unlike Path.exists, False for a name that is too long
        return resolved(path).stem
    if source == "-":
        return "stdin"
    if source.isdecimal():
        return f"camera{source}"
    if is_address(source):
        address = split_address(source)
        return _plain(Path(address.path).stem) or _plain(address.hostname or "") or "stream"
    return _plain(re.sub(r"%\d*d|[*?]|\[.*?\]", "", path.stem)) or _plain(path.parent.name) or "frames"


def origin_of(source: str) -> str:
    """Tells sources of one name apart, and tells nothing of the folders that they lie in."""
    place = source if is_address(source) else resolved(Path(source))
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:16]


def split(args: argparse.Namespace) -> list[argparse.Namespace]:
    """The arguments of each source by itself: `source`, and places in which {name} stands for its name.

    Raises:
        TTVOSError: two sources would share a place.
    """
    if len(args.sources) > 1:
        _check_shared(args)
    return [_for_source(args, source) for source in args.sources]


def _check_shared(args: argparse.Namespace) -> None:
    for option in PER_SOURCE:
        place = getattr(args, option)
        if place is not None and NAME not in str(place):
            better = place.with_name(f"{NAME}_{place.name}") if place.suffix else place / NAME
            raise TTVOSError(f"--{option} {place}: several sources would share it: --{option} '{better}' for instance")
    _check_names(args.sources)


def _check_names(sources: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        name = name_of(source)
        if name in seen:
            raise TTVOSError(f"{source}: its results are called {name}, as those of {seen[name]}: give them one by one")
        seen[name] = source


def _for_source(args: argparse.Namespace, source: str) -> argparse.Namespace:
    """{name} may stand in masks and lists of prompts too."""
    name = name_of(source)
    places = {option: getattr(args, option) for option in (*PER_SOURCE, "prompts")}
    filled = {option: place and Path(str(place).replace(NAME, name)) for option, place in places.items()}
    masks = [mask._replace(what=mask.what.replace(NAME, name)) for mask in args.mask]
    return argparse.Namespace(**{**vars(args), **filled, "mask": masks, "source": source})


def _plain(text: str) -> str:
    """Without what file systems and shells mind."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.-")
