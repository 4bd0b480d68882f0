"""The options that say which objects to track: masks and boxes, in the first frame or in others."""

import argparse
import itertools
import re
from pathlib import Path
from typing import Any, NamedTuple

from ttvos_tf.commands.options import frame_index
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.objects import Box, check_id
from ttvos_tf.runtime.prompt_file import read_prompts
from ttvos_tf.runtime.prompts import Prompt

WHERE_TO_READ_IT = "ttvos frame VIDEO --grid writes a frame with its pixels numbered"
NO_OBJECT = (
    "give the objects in the first frame: --mask FIRST.png, or --box X,Y,W,H: left, top, width and height in pixels "
    f"({WHERE_TO_READ_IT})"
)
WHERE = re.compile(r"(?P<frame>\d+)(?::(?P<object>\d+))?=(?P<what>.+)", re.DOTALL)


def add_prompt_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --mask, --box, --prompts, --start and --backward."""
    parser.add_argument(
        "--mask",
        type=_mask,
        action="append",
        default=[],
        metavar="[FRAME[:ID]=]FILE",
        help="objects in a frame: 8-bit image of its size, pixel value = id, 0 = background; of ID alone, if given",
    )
    parser.add_argument(
        "--box",
        type=_box,
        action="append",
        default=[],
        metavar="[FRAME:ID=]X,Y,W,H",
        help="a box around an object: left, top, width, height in pixels; once for every object",
    )
    parser.add_argument("--prompts", type=Path, metavar="FILE.json", help="masks and boxes, listed in a file")
    parser.add_argument(
        "--start",
        type=frame_index,
        default=0,
        metavar="FRAME",
        help="the frame of a --mask or --box that names none, counted from 0 (default: 0)",
    )
    parser.add_argument(
        "--backward",
        action="store_true",
        help="track from every mask and box backwards too; between two of an object, join both directions",
    )


def prompts_of(args: argparse.Namespace) -> list[Prompt]:
    """What the options give: at least one mask or box.

    Raises:
        TTVOSError: nothing is given; a --mask and another option that both name no frame; a file that is no list of
            prompts.
    """
    unnumbered = [option for option in ("mask", "box") for each in getattr(args, option) if each.frame is None]
    if "mask" in unnumbered[:1] and len(unnumbered) > 1:
        raise TTVOSError(
            f"argument --{unnumbered[1]}: not allowed with argument --mask unless it names its frame: "
            "--mask 45=FILE or --box 45:2=X,Y,W,H, for instance"
        )
    prompts = read_prompts(args.prompts) if args.prompts else []
    for mask in args.mask:
        frame = args.start if mask.frame is None else mask.frame
        prompts.append(Prompt(frame, mask=mask.what, object_id=mask.object_id))
    ids = itertools.count(1)
    for box in args.box:
        if box.frame is None:
            prompts.append(Prompt(args.start, box=box.what, object_id=next(ids)))
        else:
            prompts.append(Prompt(box.frame, box=box.what, object_id=box.object_id))
    if not prompts:
        raise TTVOSError(NO_OBJECT)
    return prompts


class _Placed(NamedTuple):
    """A mask or a box, as an option has it."""

    what: Any
    frame: int | None = None
    object_id: int | None = None


def _mask(text: str) -> _Placed:
    found = WHERE.fullmatch(text)
    return _Placed(found["what"], int(found["frame"]), _id(found["object"])) if found else _Placed(text)


def _box(text: str) -> _Placed:
    found = WHERE.fullmatch(text)
    if not found:
        return _Placed(_numbers(text))
    if found["object"] is None:
        raise argparse.ArgumentTypeError(f"say whose box it is, FRAME:ID=X,Y,W,H: {text!r} has no ID")
    return _Placed(_numbers(found["what"]), int(found["frame"]), _id(found["object"]))


def _numbers(text: str) -> Box:
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected X,Y,W,H in pixels, 210,80,120,300 for instance, not {text!r} ({WHERE_TO_READ_IT})"
        ) from None
    return x, y, width, height


def _id(text: str | None) -> int | None:
    try:
        return None if text is None else check_id(int(text))
    except TTVOSError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
