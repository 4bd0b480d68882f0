"""Painted surfaces for rendered scenes: noise, patterns, outlines and shading."""

import cv2
import numpy as np


def noise(rng: np.random.Generator, height: int, width: int, coarsest: float = 0.5, octaves: int = 5) -> np.ndarray:
    """Multi-octave noise: sums of smooth random fields, each of half the cell size and 0.6 times the strength.

    Args:
        rng: the generator.
        height: rows.
        width: columns.
        coarsest: size of the largest cells, as a share of the height.
        octaves: number of fields.

    Returns:
        float32 (height, width), from 0 to 1.
    """
    field: np.ndarray = np.zeros((1, 1), np.float32)
    cell, strength = max(coarsest * height, 2.0), 1.0
    for _ in range(octaves):
        grid = rng.random((int(height / cell) + 2, int(width / cell) + 2), dtype=np.float32)
        field = cv2.resize(field, grid.shape[::-1], interpolation=cv2.INTER_CUBIC) + strength * grid
        cell, strength = max(cell / 2, 2.0), strength * 0.6
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(field, field, 0, 1, cv2.NORM_MINMAX)


def random_color(rng: np.random.Generator) -> np.ndarray:
    """A colour as photographs have them, seldom pure: float32 (3,), RGB from 0 to 255."""
    hsv = np.array([[[rng.uniform(0, 360), rng.beta(1.5, 2.5), rng.uniform(0.15, 0.95)]]], np.float32)
    return 255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]


def blend(colors: list[np.ndarray], amount: np.ndarray) -> np.ndarray:
    """Maps amounts (H, W) from 0 to 1 onto a ramp of colours (3,): uint8 (H, W, 3)."""
    ramp = np.stack(colors)
    levels = np.linspace(0, len(colors) - 1, 256)
    table = np.stack([np.interp(levels, np.arange(len(colors)), ramp[:, c]) for c in range(3)], axis=-1)
    steps = cv2.cvtColor(cv2.convertScaleAbs(amount, alpha=255), cv2.COLOR_GRAY2BGR)
    return cv2.LUT(steps, table.round().astype(np.uint8)[None])


def surface(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random material, uint8 (height, width, 3): mottled, striped, chequered or spotted, in two to four colours."""
    amount = noise(rng, height, width, coarsest=rng.uniform(0.1, 0.6))
    kind = rng.integers(4)
    if kind:
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.06, 0.3) * height
        y, x = np.mgrid[:height, :width].astype(np.float32) * (2 * np.pi / period)
        x += 3 * amount  # no line is quite straight
        along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
        wave = (np.sin(along), np.sin(along) * np.sin(across), np.maximum(np.sin(along) + np.sin(across) - 0.7, -1))
        pattern = 0.5 + 0.5 * np.clip(3 * wave[kind - 1], -1, 1)
        amount = 0.35 * amount + 0.65 * pattern.astype(np.float32)
    return blend([random_color(rng) for _ in range(rng.integers(2, 5))], amount)


def outline(rng: np.random.Generator, size: int) -> np.ndarray:
    """The silhouette of a random thing, uint8 (size, size), 255 inside: blobs and polygons, one to three joined."""
    mask = np.zeros((size, size), np.uint8)
    for part in range(rng.integers(1, 4)):
        center = size / 2 + (part > 0) * rng.uniform(-0.2, 0.2, 2) * size
        radius = size * (0.33 if part == 0 else rng.uniform(0.1, 0.25))
        if rng.random() < 0.6:
            angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
            waves = sum(rng.uniform(-0.6, 0.6) / k * np.sin(k * angles + rng.uniform(0, 6.3)) for k in range(2, 7))
            radii = radius * np.clip(1 + 0.5 * waves, 0.2, 1.4)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 9)))
            radii = radius * rng.uniform(0.6, 1.4, len(angles))
        stretch = np.array([rng.uniform(0.6, 1.0), rng.uniform(0.6, 1.0)])
        points = center + stretch * radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], (255,), lineType=cv2.LINE_AA, shift=4)
    return mask


def shade(image: np.ndarray, mask: np.ndarray, light: tuple[float, float] = (-0.5, -0.8)) -> np.ndarray:
    """Lights a flat picture as if it were a rounded body: bright towards the light, dark away from it and at the rim.

    Args:
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), 255 on the body.
        light: direction (x, y) that the light comes from, in the picture plane.

    Returns:
        uint8 (H, W, 3).
    """
    reach = 0.15 * max(mask.shape)
    height = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), reach / 2)
    slope_x, slope_y = (
        reach * cv2.Sobel(height, -1, 1, 0, scale=1 / 8),
        reach * cv2.Sobel(height, -1, 0, 1, scale=1 / 8),
    )
    # The blurred silhouette rises towards the middle: where it rises away from the light, the body faces the light.
    gain = 0.65 + 0.45 * height - 0.9 * (light[0] * slope_x + light[1] * slope_y)
    return cv2.convertScaleAbs(image * np.clip(gain, 0.25, 1.4)[..., None])
