"""A grid of pixels over a frame, to read coordinates off."""

import cv2
import numpy as np

STEPS = (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)  # pixels between lines
LINES = 18  # at most, along the longer side
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_grid(frame: np.ndarray) -> np.ndarray:
    """Draws lines at round coordinates, with their numbers at the upper and left edge.

    Args:
        frame: uint8 (H, W, 3) RGB.

    Returns:
        uint8 (H, W, 3) RGB. Line x lies on pixel column x, line y on pixel row y.
    """
    drawn = frame.copy()
    height, width = frame.shape[:2]
    step = next((each for each in STEPS if max(height, width) <= each * LINES), STEPS[-1])
    # A line is a mix of the frame and its opposite, so it is seen on any ground.
    for lines in (np.s_[:, ::step], np.s_[::step]):
        drawn[lines] = np.where(frame[lines] < 128, 255, 0) // 2 + frame[lines] // 2
    scale = max(min(height, width) / 1200, 0.3)
    for x in range(step, width, step):
        _write(drawn, str(x), x + 2, round(30 * scale), scale)
    for y in range(step, height, step):
        _write(drawn, str(y), 2, y + round(30 * scale), scale)
    return drawn


def _write(picture: np.ndarray, text: str, x: int, y: int, scale: float) -> None:
    thickness = max(1, round(2 * scale))
    for colour, width in (((0, 0, 0), 3 * thickness), ((255, 255, 255), thickness)):
        cv2.putText(picture, text, (x, y), FONT, scale, colour, width, cv2.LINE_AA)
