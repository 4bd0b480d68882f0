"""Frames as they come: from an address (http, rtsp, ...) or from standard input, by OpenCV's FFmpeg.

What comes once cannot be looked through before the work, as a file is. An address whose length is known must deliver
it; one without a length is live: when it breaks off, it is opened anew a few times, and then that was the end.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.address import without_password
from ttvos_tf.media.native import FFMPEG, caught_stderr
from ttvos_tf.media.sizes import format_size, size_of

STDIN = "-"
PATIENCE = 10_000  # milliseconds for the first answer, and for every frame
RETRIES = (0.5, 1.0, 2.0, 4.0)  # seconds to wait before each try to open it anew
MOST_FRAMES = 10**9  # what FFmpeg calls the length of a live stream is no number of frames


class Stream:
    """A stream that may have an end."""

    times: list[float] | None = None
    sound: Path | None = None
    files: Sequence[Path] = ()

    def __init__(self, address: str):
        """Opens it.

        Args:
            address: or "-" for standard input.

        Raises:
            TTVOSError: it is no address, or does not answer, or what it sends is no video.
        """
        self.address = address
        self.shown = "standard input" if address == STDIN else without_password(address)
        self._capture = self._open()
        if not self._capture.isOpened():
            advice = (
                "it must be a video in a format that can be read from its begin on, as Matroska or MPEG-TS"
                if address == STDIN
                else "is the address right, and does it answer?"
            )
            raise TTVOSError(f"{self.shown}: cannot be read as a video: {advice}")
        fps, promised = self._capture.get(cv2.CAP_PROP_FPS), self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.fps = fps if 1 <= fps <= 240 else 24.0
        self._promised = int(promised) if 0 < promised < MOST_FRAMES else None
        self.count: int | None = None  # what is promised is duration times rate, more than there are if that varies
        self.live = self._promised is None

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        first = None
        for index, frame in enumerate(self._frames()):
            size = size_of(frame)
            first = first or size
            if size != first:
                raise TTVOSError(
                    f"{self.shown}: frame {index} is {format_size(size)}, but the first one is {format_size(first)}"
                )
            yield f"{index:05d}", cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)

    def _frames(self) -> Iterator[np.ndarray]:
        count, waits = 0, iter(RETRIES)
        try:
            while True:
                with caught_stderr(FFMPEG):
                    delivered, frame = self._capture.read()
                if delivered:
                    count, waits = count + 1, iter(RETRIES)
                    yield frame
                    continue
                seconds = next(waits, None)
                if seconds is None or self._has_ended(count):
                    return
                with caught_stderr(FFMPEG):
                    self._capture.release()
                time.sleep(seconds)
                self._capture = self._open()
        finally:
            self._capture.release()

    def _has_ended(self, count: int) -> bool:
        """Whether no frame after `count` of them is an end; a live address may come back.

        Raises:
            TTVOSError: it had a length, of which much is missing.
        """
        if self._promised is not None and count < 0.9 * self._promised:
            raise TTVOSError(f"{self.shown}: broke off after {count} of about {self._promised} frames")
        return self._promised is not None or self.address == STDIN

    def _open(self) -> cv2.VideoCapture:
        name, waiting = "pipe:0", []
        if self.address != STDIN:
            name = self.address
            waiting = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE]
        with caught_stderr(FFMPEG):
            return cv2.VideoCapture(name, cv2.CAP_FFMPEG, waiting)
