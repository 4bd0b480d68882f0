"""Masks as polygons through the outermost pixels of their parts.

Formats differ in what a polygon's numbers mean; here they are indices of pixels. Drawn with its edge, a polygon covers
the mask exactly, but for what a cut to another part crosses.
"""

from collections.abc import Sequence

import cv2
import numpy as np


def polygons(mask: np.ndarray, tolerance: float = 0) -> list[np.ndarray]:
    """A polygon of each part of a mask, the largest first. A hole is joined to the outline by a cut of no width.

    Args:
        mask: bool (H, W).
        tolerance: pixels that a polygon may be off, for few corners; 0 for all of them.

    Returns:
        int (N, 2) each, x and y of pixels; N is at least 3, as every format wants.
    """
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    rings = [(cv2.approxPolyDP(contour, tolerance, True) if tolerance else contour)[:, 0] for contour in contours]
    parents = tree[0, :, 3]
    outlines = []
    for index in np.flatnonzero(parents < 0):
        holes = [rings[hole] for hole in np.flatnonzero(parents == index)]
        outlines.append((cv2.contourArea(contours[int(index)]), _closed(joined([rings[index], *holes]))))
    return [outline for _, outline in sorted(outlines, key=lambda each: -each[0])]


def joined(rings: Sequence[np.ndarray]) -> np.ndarray:
    """One polygon of several, int (N, 2) each: it goes to the next nearest and back, between their nearest corners."""
    whole, rest = rings[0], list(rings[1:])
    gaps = [_gap(whole, ring) for ring in rest]
    while rest:
        nearest = min(range(len(rest)), key=lambda index: gaps[index][0])
        ring, (_, corner, there) = rest.pop(nearest), gaps.pop(nearest)
        here = int(np.flatnonzero((whole == corner).all(axis=1))[0])
        whole = np.concatenate([whole[: here + 1], ring[there:], ring[: there + 1], whole[here:]])
        gaps = [min(gap, _gap(ring, other), key=lambda each: each[0]) for gap, other in zip(gaps, rest, strict=True)]
    return whole


def _gap(ring: np.ndarray, other: np.ndarray) -> tuple[int, np.ndarray, int]:
    """Squared distance of the nearest corners of two polygons, the one's corner, and the index of the other's."""
    distances = ((ring[:, None] - other[None]) ** 2).sum(axis=2)
    here, there = np.unravel_index(distances.argmin(), distances.shape)
    return int(distances[here, there]), ring[here], int(there)


def _closed(ring: np.ndarray) -> np.ndarray:
    """A part of one or two pixels has as many corners: the last is repeated."""
    return np.concatenate([ring, np.repeat(ring[-1:], max(0, 3 - len(ring)), axis=0)])
