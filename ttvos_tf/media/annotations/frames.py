"""Frames beside their annotations, for tools that open a folder of images."""

from pathlib import Path

import cv2
import numpy as np

QUALITY = 95  # of 100: what cameras use


def write_frame(path: Path, frame: np.ndarray) -> None:
    """Writes uint8 (H, W, 3) RGB as a JPEG.

    Raises:
        OSError: there is no room.
    """
    _, content = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(content.tobytes())
