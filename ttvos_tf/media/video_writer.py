"""Writes a video that a browser plays.

MP4 is H.264 where an encoder for it is found: in OpenCV (macOS, Windows) or as the program `ffmpeg`. OpenCV's wheel for
Linux has none, but libvpx: there MP4 is VP9, which plays as well, but takes about 0.3 s for a frame of 854x480. WebM is
VP8, three times as fast as that.
"""

import contextlib
import functools
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.containers import is_truncated
from ttvos_tf.media.native import caught_stderr, plain_name
from ttvos_tf.media.sizes import Size
from ttvos_tf.media.video import read_packets

SUFFIXES = (".mp4", ".webm")


class VideoWriter:
    """Writes frames of one size to an MP4 or WebM file, by its suffix.

    Attributes:
        codec: "h264", "vp9" or "vp8".
    """

    def __init__(self, path: Path, fps: float, size: Size, name: Path | None = None):
        """Begins a video.

        Args:
            path: the file, `.mp4` or `.webm`.
            fps: frames per second.
            size: (height, width) of the frames.
            name: what errors call the file, if it is to be renamed.

        Raises:
            TTVOSError: another suffix, or no encoder that browsers play.
        """
        check_suffix(path)
        self._path, self._name = path, name or path
        self._frames = 0
        self._closed = False
        # All three codecs keep colour at half resolution, so odd sizes get one row or column more.
        self._pad = size[0] % 2, size[1] % 2
        with contextlib.ExitStack() as names:
            plain = names.enter_context(plain_name(path))
            width, height = size[1] + self._pad[1], size[0] + self._pad[0]
            self.codec, self._encoder = _open_encoder(plain, path.suffix.lower(), fps, width, height)
            self._names = names.pop_all()

    def write(self, frame: np.ndarray) -> None:
        """Appends a frame, uint8 (H, W, 3) RGB."""
        self._frames += 1
        padded = cv2.copyMakeBorder(frame, 0, self._pad[0], 0, self._pad[1], cv2.BORDER_REPLICATE)
        with caught_stderr():
            self._encoder.write(cv2.cvtColor(padded, cv2.COLOR_RGB2BGR))

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Finishes the file, and checks it unless something else has failed already."""
        if error is None:
            self.close()
        else:
            self._finish()

    def close(self) -> None:
        """Finishes the file, and counts its frames: an encoder says nothing of a full disk. Once is enough.

        Raises:
            TTVOSError: the encoder failed, on a full disk for instance.
        """
        if self._closed:
            return
        self._finish()
        # Packets of one time are one frame: VP8 has hidden ones.
        found = 0 if is_truncated(self._path) else len({packet.time for packet in read_packets(self._path)})
        if found != self._frames or not found:
            raise TTVOSError(
                f"{self._name}: the video could not be written: {found} of {self._frames} frames are whole: "
                "is there room on the disk?"
            )

    def _finish(self) -> None:
        self._closed = True
        with caught_stderr():
            self._encoder.release()
        self._names.close()


def check_suffix(path: Path) -> None:
    """Raises a TTVOSError if a video of that name cannot be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise TTVOSError(f"{path}: an overlay is a file named {' or '.join(f'*{suffix}' for suffix in SUFFIXES)}")


class _FFmpeg:
    """H.264 by the program `ffmpeg`, with the two methods of cv2.VideoWriter."""

    def __init__(self, path: str, fps: float, width: int, height: int):
        source = f"-f rawvideo -pix_fmt bgr24 -video_size {width}x{height} -framerate {fps} -i -"
        target = "-c:v libx264 -pix_fmt yuv420p -movflags +faststart -f mp4"
        command = ["ffmpeg", "-y", "-v", "quiet", *source.split(), *target.split(), path]
        # A session of its own: Ctrl-C, which ends a camera's recording, must not reach ffmpeg before the last frame.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def write(self, frame: np.ndarray) -> None:
        with contextlib.suppress(BrokenPipeError):  # it gave up: `close` sees that there is no video
            self._process.stdin.write(frame.data)  # type: ignore[union-attr]

    def release(self) -> None:
        self._process.communicate()  # its exit code tells no more than the frames, which `close` counts


def _open_encoder(
    path: str, suffix: str, fps: float, width: int, height: int
) -> tuple[str, "cv2.VideoWriter | _FFmpeg"]:
    """The first encoder that works, and the name of its codec."""
    codecs = {"VP80": "vp8"} if suffix == ".webm" else {"avc1": "h264", "vp09": "vp9"}
    for fourcc, codec in codecs.items():
        if codec == "vp9" and _ffmpeg_encodes_h264():
            return "h264", _FFmpeg(path, fps, width, height)
        with caught_stderr():
            writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*fourcc), fps, (width, height))
        if writer.isOpened():
            return codec, writer
    raise TTVOSError(f"no encoder for a {suffix} video that browsers play: install ffmpeg")


@functools.cache
def _ffmpeg_encodes_h264() -> bool:
    if shutil.which("ffmpeg") is None:
        return False
    trial = "ffmpeg -v quiet -f lavfi -i color=size=64x64:duration=0.1 -c:v libx264 -f null -"
    return subprocess.run(trial.split(), stdin=subprocess.DEVNULL).returncode == 0
