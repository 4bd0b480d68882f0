"""Frames from a video file, a folder or series of images, a stream or a camera, one at a time.

A source that cannot be read whole is an error, not a short result: masks that silently skip a frame no longer belong to
the frames that they are numbered after. Only what is live just ends.
"""

import bisect
import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import check_input
from ttvos_tf.limits import shown
from ttvos_tf.media.address import is_address
from ttvos_tf.media.containers import is_avi, is_truncated
from ttvos_tf.media.frame_patterns import is_pattern, matching
from ttvos_tf.media.images import read_image
from ttvos_tf.media.native import FFMPEG, caught_stderr, plain_name
from ttvos_tf.media.packets import frame_size
from ttvos_tf.media.sizes import MOST_PIXELS, Size, format_size
from ttvos_tf.media.stream import STDIN, Stream

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
LITTER = ("thumbs.db", "desktop.ini")
SAME_TIME = 0.5  # milliseconds
SEEK_BACK = (1, 8, 64, 512)  # frames
DEFAULT_FPS = 24.0  # of a folder, and of what does not tell
CAMERAS = 64  # Linux numbers no more
REPAIR = "repair the file (ffmpeg -i IN OUT.mp4), or give a folder of its frames"
# What FFmpeg says where a stream begins within a group of pictures, or where frames were dropped on purpose.
HARMLESS = re.compile("mmco: |co located POCs|reference picture missing|Missing reference")


class Source(Protocol):
    """Where frames come from.

    Attributes:
        fps: frames per second at which it is meant to be shown.
        count: number of frames, None if that is not known before the end.
        live: whether it goes on until somebody stops it.
        times: seconds at which frames are shown, from the first on, where their rate varies; None where it is `fps`.
        sound: the file that holds its sound, if any.
        files: what it is read from, of a file or a folder.
    """

    fps: float
    count: int | None
    live: bool
    times: list[float] | None
    sound: Path | None
    files: Sequence[Path]

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yields (name, frame uint8 (H, W, 3) RGB): a file's name without suffix in a folder, else 00000, 00001, ...

        Raises:
            TTVOSError: a frame that cannot be read, or that has another size than the first.
        """


@runtime_checkable
class Seekable(Source, Protocol):
    """A source that can be read from any frame on."""

    def since(self, first: int) -> Iterator[tuple[str, np.ndarray]]:
        """Yields the frames from number `first` on, as `Source.__iter__` those from 0."""


def open_source(source: str | Path) -> Source:
    """Opens a source of frames.

    Args:
        source: a video file; a folder of frames; their pattern, `walk/%04d.png` or `walk/*.png`; a camera's index, "0";
            an address, "rtsp://camera/1"; or "-" for standard input.

    Raises:
        TTVOSError: there is no such thing, or it cannot be read.
    """
    if not isinstance(source, str | Path):
        raise TTVOSError(f"source: give a path or a camera's number as text, not {shown(source)}")
    path = Path(source)
    if os.path.isdir(path):  # unlike Path.is_dir, False for a name that is too long
        return Images(_frames_in(path))
    if os.path.exists(path):
        return VideoFile(path)
    if str(source) == STDIN:
        return _standard_input()
    if is_address(str(source)):
        return Stream(str(source))
    if is_pattern(str(source)):
        return Images(matching(str(source)))
    if str(source).isdecimal():
        return Camera(int(str(source)[:9]))
    raise TTVOSError(f"{source}: no such video file or folder of frames (a camera is given by its number)")


def _standard_input() -> Source:
    """A file that was led there is read as a file, which can be looked through; a pipe as it comes."""
    if sys.stdin is None or sys.stdin.isatty():
        raise TTVOSError("standard input: is no video: lead one there, as in `ttvos segment - < walk.mp4`")
    return VideoFile(Path("/dev/stdin")) if stat.S_ISREG(os.fstat(0).st_mode) else Stream(STDIN)


def _frames_in(folder: Path) -> list[Path]:
    """The files of a folder.

    Raises:
        TTVOSError: there is none but litter.
    """
    try:
        # What is no file (a FIFO, a link to nothing) stays: to pass over it would be to skip a frame.
        files = [file for file in folder.iterdir() if not file.is_dir()]
    except OSError as error:
        raise TTVOSError(f"{folder}: cannot be read ({error.strerror})") from None
    if not any(map(_is_no_litter, files)):
        raise TTVOSError(f"{folder}: no frames in this folder")
    return files


def _is_no_litter(file: Path) -> bool:
    """Whether a file is neither hidden nor one that file managers leave."""
    return file.name[0] != "." and file.name.lower() not in LITTER


class Images:
    """A series of images, sorted by name as people count: 2.jpg before 10.jpg. Litter among them is passed over."""

    fps = DEFAULT_FPS
    live = False
    times: list[float] | None = None
    sound: Path | None = None

    def __init__(self, files: Iterable[Path]):
        self.files: Sequence[Path] = sorted(filter(_is_no_litter, files), key=_natural)
        names: set[str] = set()
        for file in self.files:
            if file.suffix.lower() not in IMAGE_SUFFIXES:
                raise TTVOSError(f"{file}: not an image: a folder of frames must hold nothing else")
            if file.stem in names:
                raise TTVOSError(f"{file}: another frame is named {file.stem} too, and both would give {file.stem}.png")
            names.add(file.stem)
        self._size: Size | None = None  # of the frame that was read first
        self.count: int | None = len(self.files)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        return self.since(0)

    def since(self, first: int) -> Iterator[tuple[str, np.ndarray]]:
        """The frames from number `first` on; see `Seekable`."""
        for file in self.files[first:]:
            frame = read_image(file)
            size = frame.shape[0], frame.shape[1]
            self._size = self._size or size
            if size != self._size:
                raise TTVOSError(f"{file}: is {format_size(size)}, but the first frame is {format_size(self._size)}")
            yield file.stem, frame


class VideoFile:
    """A video file, turned as its metadata says.

    Opening it lists its packets, which is quick, so that a cut or another size is found before any work. While
    decoding, a frame that the decoder leaves out is noticed at once if it stops there, else at the end; a frame that it
    made up in part is noticed where it says so.
    """

    live = False

    def __init__(self, path: Path):
        check_input(path, "video")
        if path.suffix.lower() in IMAGE_SUFFIXES:
            raise TTVOSError(f"{path}: is one image: give a video, or the folder of its frames")
        with _opened(path) as capture:
            fps, promised = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
            size = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        if size[0] * size[1] > MOST_PIXELS:
            raise TTVOSError(f"{path}: is {format_size(size)}: a frame has at most {MOST_PIXELS:,} pixels")
        packets = read_packets(path)
        times = [packet.time for packet in packets]
        if not times:
            raise TTVOSError(f"{path}: cannot be read as a video: damaged, or in a format that OpenCV does not decode")
        # The promise is duration times rate in many containers, more than there are if the rate varies. So it counts
        # only where it is exact, where the file ends too early, or where the last tenth of the duration is empty.
        if len(times) < promised and (
            is_avi(path) or is_truncated(path) or (fps > 0 and max(times) < 900 * promised / fps)
        ):
            raise TTVOSError(
                f"{path}: cut short or damaged: {len(times)} of its {promised:.0f} frames are there: "
                "copy it again, repair it (ffmpeg -i IN OUT.mp4), or give a folder of its frames"
            )
        sizes = [(index, packet.size) for index, packet in enumerate(packets) if packet.size]
        for index, found in sizes:
            if found != sizes[0][1]:
                raise TTVOSError(
                    f"{path}: frame {index} is {format_size(found)}, but the first one is {format_size(sizes[0][1])}: "
                    "cut the video where its size changes, or give a folder of frames of one size"
                )
        self.path = path
        self.sound: Path | None = path
        self.files: Sequence[Path] = [path]
        # Packets of one time give one picture: VP8's hidden reference frames, or what an edit cut off at the start. A
        # stream without a container has no times.
        has_times = len(times) == 1 or len(set(times)) > 1
        self._times = sorted(set(times)) if has_times else times
        self.count: int | None = len(self._times)
        self.fps, self.times = _rate(self._times, _plausible_fps(fps)) if has_times else (_plausible_fps(fps), None)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        return self.since(0)

    def since(self, first: int) -> Iterator[tuple[str, np.ndarray]]:
        """The frames from number `first` on; see `Seekable`."""
        times = self._times[:first]
        with contextlib.ExitStack() as opened:
            capture = self._before(first, opened)
            while True:
                with caught_stderr(FFMPEG) as said:
                    decoded, frame = capture.read()
                    time = capture.get(cv2.CAP_PROP_POS_MSEC)
                if damage := next((line for line in said if not HARMLESS.match(line)), None):
                    raise TTVOSError(f"{self.path}: frame {len(times)} is damaged ({damage}): {REPAIR}")
                if not decoded:
                    break
                times.append(time)
                yield f"{len(times) - 1:05d}", cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        if len(times) < len(self._times):
            late = (index for index, time in enumerate(times) if time > self._times[index])
            raise TTVOSError(f"{self.path}: frame {next(late, len(times))} cannot be decoded: {REPAIR}")

    def _before(self, first: int, opened: contextlib.ExitStack) -> cv2.VideoCapture:
        """A decoder whose next frame is number `first`, until `opened` closes.

        Seeking is not exact, so it goes to a time before that frame, ever earlier, until the frame before it is met.
        """
        for back in SEEK_BACK:
            if back >= first:
                break
            capture = self._open(opened)
            with caught_stderr(FFMPEG):
                capture.set(cv2.CAP_PROP_POS_MSEC, self._times[first - back])
                while capture.grab():
                    index = bisect.bisect(self._times, capture.get(cv2.CAP_PROP_POS_MSEC) + SAME_TIME) - 1
                    if index == first - 1:
                        return capture
                    if index >= first:
                        break
        capture = self._open(opened)
        with caught_stderr(FFMPEG):
            for _ in range(first):
                capture.grab()
        return capture

    def _open(self, opened: contextlib.ExitStack) -> cv2.VideoCapture:
        opened.close()
        # In one thread: several would decode ahead, and speak of frames that are not read yet, at any time.
        capture = opened.enter_context(_opened(self.path, [cv2.CAP_PROP_N_THREADS, 1]))
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones store portrait video lying on its side; off by default
        return capture


class Camera:
    """A camera; it ends when it stops delivering."""

    count: int | None = None
    live = True
    times: list[float] | None = None
    sound: Path | None = None
    files: Sequence[Path] = ()

    def __init__(self, index: int):
        if index >= CAMERAS:
            raise TTVOSError(f"camera {index}: cannot be opened: numbers go from 0 to {CAMERAS - 1}")
        with caught_stderr(FFMPEG):
            self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise TTVOSError(f"camera {index}: cannot be opened")
        self.fps = _plausible_fps(self._capture.get(cv2.CAP_PROP_FPS))

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        try:
            index = 0
            while True:
                delivered, frame = self._capture.read()
                if not delivered:
                    return
                yield f"{index:05d}", cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                index += 1
        finally:
            self._capture.release()


@dataclass(frozen=True)
class Packet:
    """One of a video's packets: mostly a frame.

    Attributes:
        time: when it is shown, in milliseconds.
        size: (height, width) of its frame, if it says so.
    """

    time: float
    size: Size | None


def read_packets(path: Path) -> list[Packet]:
    """A video's packets in file order, read without decoding."""
    packets = []
    with _opened(path, [cv2.CAP_PROP_FORMAT, -1]) as capture, caught_stderr(FFMPEG):
        codec = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True).decode(errors="replace")
        while capture.grab():
            found, content = capture.retrieve()
            size = frame_size(codec, content.tobytes()) if found else None
            packets.append(Packet(capture.get(cv2.CAP_PROP_POS_MSEC), size))
    return packets


@contextlib.contextmanager
def _opened(path: Path, parameters: list[int] | None = None) -> Iterator[cv2.VideoCapture]:
    """A video file, opened by FFmpeg alone: other readers of OpenCV take a number in a name for a series of images."""
    with plain_name(path) as name:
        with caught_stderr(FFMPEG):
            capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG, parameters or [])
        try:
            yield capture
        finally:
            with caught_stderr(FFMPEG):
                capture.release()


def _rate(times: list[float], fps: float) -> tuple[float, list[float] | None]:
    """Frames per second, and the frames' seconds if their rate varies; `times` in milliseconds, ascending."""
    seconds = (np.array(times) - times[0]) / 1000
    # Matroska and WebM round to milliseconds.
    if np.abs(seconds - np.arange(len(seconds)) / fps).max() <= 1.5e-3:
        return fps, None
    return _plausible_fps((len(seconds) - 1) / seconds[-1]), seconds.tolist()


def _plausible_fps(fps: float) -> float:
    return fps if 1 <= fps <= 240 else DEFAULT_FPS


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts numbers inside names by value; the name itself decides between 1.jpg and 01.jpg."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts] + [(-2, path.name)]
