"""Writes a video: for browsers (MP4, WebM), or with transparency for editors (MOV, WebM).

With the program ffmpeg, MP4 is H.264, WebM is VP9 and MOV is ProRes 4444; frames keep their times and the video its
sound. Without it OpenCV writes MP4 and WebM, of one frame rate and without sound. Its wheel for Linux has no H.264:
there MP4 is VP9, which plays as well, but takes about 0.3 s for a frame of 854x480; WebM is VP8, three times as fast.
"""

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import raw_matroska
from ttvos_tf.media.containers import is_truncated
from ttvos_tf.media.ffmpeg import INSTALL, Sound, encodes, every_frame, ffmpeg, sound_of
from ttvos_tf.media.native import FFMPEG, caught_stderr, plain_name
from ttvos_tf.media.sizes import Size
from ttvos_tf.media.video import read_packets
from ttvos_tf.media.yuv import to_i420


@dataclass(frozen=True)
class Kind:
    """How ffmpeg writes a kind of video.

    Attributes:
        codec: its name.
        options: of ffmpeg for the picture.
        sound: codecs of sound that are copied as they are.
        encoder: options for other sound.
    """

    codec: str
    options: tuple[str, ...]
    sound: frozenset[str]
    encoder: tuple[str, ...]


def _kind(codec: str, options: str, sound: str, encoder: str) -> Kind:
    return Kind(codec, tuple(options.split()), frozenset(sound.split()), tuple(encoder.split()))


_VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 7 -row-mt 1 -crf 30 -b:v 0"
OPAQUE = {
    ".mp4": _kind("h264", "-c:v libx264 -preset superfast -crf 21 -pix_fmt yuv420p", "aac mp3", "-c:a aac -b:a 192k"),
    ".webm": _kind("vp9", f"{_VP9} -pix_fmt yuv420p", "opus vorbis", "-c:a libopus -b:a 160k"),
}
TRANSPARENT = {
    ".webm": _kind("vp9", f"{_VP9} -pix_fmt yuva420p -auto-alt-ref 0", "opus vorbis", "-c:a libopus -b:a 160k"),
    ".mov": _kind(
        "prores",
        "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 -vendor apl0",
        "aac alac pcm_s16le pcm_s24le",
        "-c:a pcm_s16le",
    ),
}
CONTAINERS = {".mp4": ("-movflags", "+faststart", "-f", "mp4"), ".webm": ("-f", "webm"), ".mov": ("-f", "mov")}


class VideoWriter:
    """Writes frames of one size to a video file, whose kind is that of its suffix.

    Attributes:
        codec: "h264", "vp9", "vp8" or "prores".
        sound: whether the video gets the sound that was asked for.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        size: Size,
        name: Path | None = None,
        times: Sequence[float] | None = None,
        sound: Path | None = None,
        transparent: bool = False,
    ):
        """Begins a video.

        Args:
            path: the file, `.mp4` or `.webm`; if transparent `.webm` or `.mov`.
            fps: frames per second.
            size: (height, width) of the frames.
            name: what errors call the file, if it is to be renamed.
            times: seconds at which frames are shown, from the first on, where their rate varies; needs ffmpeg.
            sound: a video whose sound goes with the frames from the first on; needs ffmpeg.
            transparent: the frames are RGBA; needs ffmpeg.

        Raises:
            TTVOSError: another suffix, or no encoder.
        """
        check_suffix(path, "a video", transparent)
        self._path, self._name = path, name or path
        self._frames = 0
        self._closed = False
        # All codecs but ProRes keep colour at half resolution, so odd sizes get one row or column more.
        self._pad = size[0] % 2, size[1] % 2
        padded = size[0] + self._pad[0], size[1] + self._pad[1]
        kind = (TRANSPARENT if transparent else OPAQUE)[path.suffix.lower()]
        program = ffmpeg()
        self.sound = False
        self._encoder: _FFmpeg | _OpenCV
        if program and encodes(kind.options):
            heard = sound_of(sound) if sound else None
            self.codec, self.sound = kind.codec, heard is not None
            self._encoder = _FFmpeg(program, path, kind, fps, padded, transparent, times, heard)
        elif transparent:
            raise TTVOSError(
                f"{self._name}: a video with transparency needs ffmpeg: {INSTALL}; or name a folder of PNGs"
            )
        else:
            self._encoder = _OpenCV(path, fps, padded, self._name)
            self.codec = self._encoder.codec

    def write(self, frame: np.ndarray) -> None:
        """Appends a frame, uint8 (H, W, 3) RGB; if transparent (H, W, 4) RGBA."""
        self._frames += 1
        if any(self._pad):
            frame = cv2.copyMakeBorder(frame, 0, self._pad[0], 0, self._pad[1], cv2.BORDER_REPLICATE)
        self._encoder.write(frame)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Finishes the file, and checks it unless something else has failed already."""
        if error is None:
            self.close()
        else:
            self._encoder.release()

    def close(self) -> None:
        """Finishes the file, and counts its frames: an encoder says nothing of a full disk. Once is enough.

        Raises:
            TTVOSError: the encoder failed, on a full disk for instance.
        """
        if self._closed:
            return
        self._closed = True
        self._encoder.release()
        # Packets of one time are one frame: VP8 has hidden ones.
        whole = self._path.exists() and not is_truncated(self._path)
        found = len({packet.time for packet in read_packets(self._path)}) if whole else 0
        if found != self._frames or not found:
            raise TTVOSError(
                f"{self._name}: the video could not be written: {found} of {self._frames} frames are whole: "
                "is there room on the disk?"
            )


def check_suffix(path: Path, what: str, transparent: bool = False) -> None:
    """Raises a TTVOSError if a video of that name cannot be written; `what` is its beginning: "an overlay"."""
    kinds = TRANSPARENT if transparent else OPAQUE
    if path.suffix.lower() not in kinds:
        raise TTVOSError(f"{path}: {what} is a file named {' or '.join(f'*{suffix}' for suffix in kinds)}")


class _FFmpeg:
    """The program ffmpeg, which reads frames from a pipe and sound from a file."""

    def __init__(
        self,
        program: str,
        path: Path,
        kind: Kind,
        fps: float,
        size: Size,
        transparent: bool,
        times: Sequence[float] | None,
        sound: Sound | None,
    ):
        # A fraction as 30000/1001 is not a float; the clock of times counts as MP4's usually does.
        self._rate, self._times = Fraction(fps).limit_denominator(1001), times
        clock = Fraction(1, 90000) if times else 1 / self._rate
        command = [program, "-y", "-v", "quiet", "-f", "matroska", "-i", "-"]
        if sound:
            codec = ("-c:a", "copy") if sound.codecs <= kind.sound else kind.encoder
            command += [
                "-itsoffset",
                f"{-float(sound.delay):.6f}",
                "-i",
                str(sound.path),
                "-map",
                "0:v",
                "-map",
                "1:a",
                *codec,
            ]
        command += [*kind.options, *every_frame(), "-enc_time_base:v", f"{clock.numerator}/{clock.denominator}"]
        command += [*CONTAINERS[path.suffix.lower()], os.path.abspath(path)]  # "12:30.mp4" would be an address
        # A session of its own: Ctrl-C, which ends a camera's recording, must not reach ffmpeg before the last frame.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        self._index = 0
        self._transparent = transparent
        self._send(raw_matroska.header(size, raw_matroska.RGBA if transparent else raw_matroska.I420, fps))

    def write(self, frame: np.ndarray) -> None:
        seconds = self._times[self._index] if self._times else float(self._index / self._rate)
        self._index += 1
        pixels = np.ascontiguousarray(frame) if self._transparent else to_i420(frame)
        self._send(raw_matroska.frame_header(seconds, pixels.nbytes))
        self._send(pixels.data)

    def release(self) -> None:
        self._process.communicate()  # its exit code tells no more than the frames, which `close` counts

    def _send(self, content: bytes | memoryview) -> None:
        with contextlib.suppress(BrokenPipeError):  # it gave up: `close` sees that there is no video
            self._process.stdin.write(content)  # type: ignore[union-attr]


class _OpenCV:
    """The first of OpenCV's encoders that works."""

    def __init__(self, path: Path, fps: float, size: Size, name: Path):
        codecs = {"VP80": "vp8"} if path.suffix.lower() == ".webm" else {"avc1": "h264", "vp09": "vp9"}
        self._opened = contextlib.ExitStack()
        plain = self._opened.enter_context(plain_name(path))
        for fourcc, self.codec in codecs.items():
            with caught_stderr(FFMPEG):
                self._writer = cv2.VideoWriter(plain, cv2.VideoWriter.fourcc(*fourcc), fps, size[::-1])
            if self._writer.isOpened():
                return
        self._opened.close()
        raise TTVOSError(f"{name}: no encoder for a {path.suffix} video that browsers play: {INSTALL}")

    def write(self, frame: np.ndarray) -> None:
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def release(self) -> None:
        with caught_stderr(FFMPEG), self._opened:
            self._writer.release()
