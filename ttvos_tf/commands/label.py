"""The command `ttvos label`: labelme with a tracker, for the frames of a video."""

import argparse
import os
import sys
from pathlib import Path

from ttvos_tf.commands.options import add_threads_argument
from ttvos_tf.errors import TTVOSError
from ttvos_tf.labelling.frames import frames_of
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.installed import default_name

INSTALL = "pip install 'ttvos-tf[labelme]', with Python 3.12 or later"

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")  # one of them says where a window can be, or Qt aborts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos label`."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a folder of frames, or a video")
    parser.add_argument(
        "--frames",
        type=Path,
        metavar="FOLDER",
        help="where the frames of a video are put, and their annotations (default: results/<video>_labelme)",
    )
    parser.add_argument("--model", metavar="NAME|PATH", help="installed model, or .tflite file (default: the best)")
    add_threads_argument(parser)
    parser.add_argument(
        "--labels", metavar="NAME,...", help="names to choose from, as for labelme itself; or a file with one a line"
    )


def run(args: argparse.Namespace) -> None:
    """Opens labelme, and ends when its window is closed.

    Raises:
        TTVOSError: labelme is not installed, there is no screen or no such source, or frames cannot be written.
    """
    try:
        from ttvos_tf.labelling import window
    except ImportError as error:
        raise TTVOSError(f"labelme 7 is not installed ({error}): {INSTALL}") from None
    if sys.platform == "linux" and not any(map(os.environ.get, SCREENS)):
        raise TTVOSError("labelme needs a screen: give the command on a desktop, or forward one (ssh -X)")
    folder = frames_of(args.source, args.frames)
    tracker = Tracker(args.model or default_name(), args.threads)
    window.run(tracker, folder, ["--labels", args.labels] if args.labels else [])
