"""The command `ttvos frame`: one frame of a video as a picture, to draw a mask on or to read a box off."""

import argparse
import functools
import itertools
from pathlib import Path

import cv2

from ttvos_tf.commands.options import frame_index
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.grid import draw_grid
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.sizes import format_size, size_of
from ttvos_tf.media.video import Seekable, open_source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos frame`."""
    parser.add_argument("source", metavar="SOURCE", help="a video file, a folder of frames, or a camera's number")
    parser.add_argument(
        "--at", type=frame_index, default=0, metavar="FRAME", help="which frame, counted from 0 (default: 0)"
    )
    parser.add_argument("--grid", action="store_true", help="draw lines with the numbers of their pixels")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.png", help="the picture (default: <source>_<frame>.png, in this folder)"
    )


def run(args: argparse.Namespace) -> None:
    """Writes the picture, and prints what to do with it.

    Raises:
        TTVOSError: bad input, no such frame, or a picture that cannot be written.
    """
    path = args.out or Path(f"{Path(args.source).resolve().stem}_{args.at:05d}.png")
    if path.suffix.lower() != ".png":
        raise TTVOSError(f"--out {path}: the picture is a file named *.png")
    check = functools.partial(check_outputs, [args.source], {"--out": path})
    check()
    source = open_source(args.source)
    if source.count is not None and args.at >= source.count:
        raise TTVOSError(f"--at {args.at}: the frames of {args.source} are 0 to {source.count - 1}")
    frames = source.since(args.at) if isinstance(source, Seekable) else itertools.islice(source, args.at, None)
    _, frame = next(frames, ("", None))
    if frame is None:
        raise TTVOSError(f"{args.source}: delivered no frame {args.at}")
    picture = draw_grid(frame) if args.grid else frame
    with atomic_file(path) as partial:
        _, content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        partial.write_bytes(content.tobytes())
        check()
    print(f"{path}: frame {args.at} of {args.source}, {format_size(size_of(frame))}")
    if args.grid:
        print("A box is --box X,Y,W,H: left, top, width and height in these pixels.")
