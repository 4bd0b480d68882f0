"""The program ffmpeg: the system's, else that of the package imageio-ffmpeg (`pip install ttvos-tf[ffmpeg]`).

With ffmpeg a video keeps the times of its frames and its sound, and may be transparent. OpenCV alone can do neither.
"""

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

INSTALL = "install ffmpeg, or: pip install 'ttvos-tf[ffmpeg]'"


@functools.cache
def ffmpeg() -> str | None:
    """The program to call, None if there is none."""
    if found := shutil.which("ffmpeg"):
        return found
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        return None
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # the package has no program for this kind of machine
        return None


@functools.cache
def encodes(options: tuple[str, ...]) -> bool:
    """Whether ffmpeg encodes video with these options; some builds lack x264 or libvpx."""
    source = ["-f", "lavfi", "-i", "color=size=64x64:duration=0.1"]
    return _run([*source, *options, "-f", "null", "-"]) is not None


@functools.cache
def every_frame() -> tuple[str, ...]:
    """The option that neither drops nor repeats a frame; it was renamed in ffmpeg 5.1."""
    return new if encodes(new := ("-fps_mode", "passthrough")) else ("-vsync", "passthrough")


@dataclass(frozen=True)
class Sound:
    """The sound of a video file.

    Attributes:
        path: the file.
        codecs: ffmpeg's names of its streams' codecs; not empty.
        delay: seconds from the begin of the file to its first picture.
    """

    path: Path
    codecs: frozenset[str]
    delay: Fraction


def sound_of(path: Path) -> Sound | None:
    """The sound of a video file; None if it has none, or if there is no ffmpeg to tell."""
    # The first packets as lines: "#codec_id 1: aac", "#tb 0: 1/12800", then "stream, dts, pts, ...", not sorted by pts.
    first = "-map 0:v:0 -map 0:a -c copy -frames:v 16 -f framecrc -"
    listed = _run(["-i", os.path.abspath(path), *first.split()])  # "12:30.mp4" would be an address
    if listed is None:
        return None
    lines = listed.decode().splitlines()
    facts = dict(line[1:].split(": ", 1) for line in lines if line.startswith("#") and ": " in line)
    codecs = {value for key, value in facts.items() if key.startswith("codec_id") and key != "codec_id 0"}
    shown = [int(line.split(",")[2]) for line in lines if line.startswith("0,")]
    if not codecs or not shown:
        return None
    return Sound(Path(os.path.abspath(path)), frozenset(codecs), min(shown) * Fraction(facts["tb 0"]))


def _run(arguments: Sequence[str]) -> bytes | None:
    """What ffmpeg writes to stdout; None if it fails, or is not there."""
    program = ffmpeg()
    if program is None:
        return None
    done = subprocess.run(
        [program, "-nostdin", "-v", "quiet", *arguments], stdin=subprocess.DEVNULL, capture_output=True
    )
    return None if done.returncode else done.stdout
