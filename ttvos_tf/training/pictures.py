"""Numbers as colours."""

import numpy as np


def signed(values: np.ndarray) -> np.ndarray:
    """-1 blue, 0 white, 1 red: (h, w) -> uint8 RGB (h, w, 3)."""
    up, down = np.clip(values, 0, 1), np.clip(-values, 0, 1)
    return (255 * np.stack([1 - down, 1 - up - down, 1 - up], axis=-1)).clip(0, 255).astype(np.uint8)
