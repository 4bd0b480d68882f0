"""Smooth random motion: paths, poses and deformations that build up over a clip instead of jumping."""

import numpy as np


def smooth_walk(rng: np.random.Generator, length: int, size: tuple[int, ...], persistence: float = 0.9) -> np.ndarray:
    """Random paths that start at 0 and move about 1 a frame, with a velocity that changes slowly.

    Args:
        rng: the generator.
        length: number of frames, T.
        size: shape of the moving quantity.
        persistence: share of the velocity that a frame keeps.

    Returns:
        float64 (T, *size).
    """
    path = np.zeros((length, *size))
    velocity = rng.standard_normal(size)
    for t in range(1, length):
        path[t] = path[t - 1] + velocity
        velocity = persistence * velocity + np.sqrt(1 - persistence**2) * rng.standard_normal(size)
    return path


def random_speed(rng: np.random.Generator) -> float:
    """How fast something moves: mostly about 1, from a tenth to five."""
    return float(np.exp(np.clip(0.7 * rng.standard_normal(), -2.3, 1.6)))


def move(
    shift: np.ndarray,
    scale: np.ndarray | float = 1.0,
    angle: np.ndarray | float = 0.0,
    center: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Poses that turn and scale about a centre, then shift.

    Args:
        shift: (T, 2), in pixels.
        scale: (T,), or the same for all.
        angle: (T,), or the same for all, in radians, clockwise as y points down.
        center: (x, y), what turning and scaling leave in place.

    Returns:
        float64 (T, 3, 3).
    """
    poses = np.zeros((len(shift), 3, 3))
    poses[:, 0, 0] = poses[:, 1, 1] = scale * np.cos(angle)
    poses[:, 1, 0] = scale * np.sin(angle)
    poses[:, 0, 1] = -poses[:, 1, 0]
    poses[:, 2, 2] = 1
    poses[:, :2, 2] = np.asarray(center) + shift - poses[:, :2, :2] @ np.asarray(center)
    return poses


def random_motion(
    rng: np.random.Generator, length: int, center: tuple[float, float], height: int, speed: float
) -> np.ndarray:
    """Poses of a smooth random motion that starts at rest in place.

    Args:
        rng: the generator.
        length: number of frames, T.
        center: (x, y), the point that turns and scales stay about.
        height: of the frame; speed 1 is a shift of about 2.5 % of it a frame, with 2.5 % scaling and 1.5 degrees.
        speed: how fast.

    Returns:
        float64 (T, 3, 3), the first the identity.
    """
    walk = speed * smooth_walk(rng, length, (4,))
    return move(0.025 * height * walk[:, :2], np.exp(0.025 * walk[:, 2]), 0.025 * walk[:, 3], center)


def change_of_size(
    rng: np.random.Generator, length: int, center: tuple[float, float], scales: tuple[float, float]
) -> np.ndarray:
    """Poses of a steady change of size about a centre, from 1 to somewhere in a range: float64 (T, 3, 3)."""
    last = rng.uniform(*np.log(scales))
    return move(np.zeros((length, 2)), np.exp(last * np.linspace(0, 1, length)), center=center)


def random_view(
    rng: np.random.Generator, center: tuple[float, float], height: int, width: int, scales: tuple[float, float]
) -> np.ndarray:
    """Another view of a frame, as if from another time: nearer or farther, turned, shifted, three of ten mirrored.

    Args:
        rng: the generator.
        center: (x, y), of the target, which comes anywhere but near the border.
        height: of the frame.
        width: of the frame.
        scales: range of the magnification.

    Returns:
        float64 (3, 3), maps pixels of the frame to those of the other view.
    """
    shift = rng.uniform(0.2, 0.8, size=2) * (width, height) - center
    (pose,) = move(shift[None], np.exp(rng.uniform(*np.log(scales))), rng.normal(0, 0.2), center)
    mirror = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return mirror @ pose if rng.random() < 0.3 else pose


def random_bend(rng: np.random.Generator, length: int, height: int, speed: float) -> np.ndarray:
    """A smooth random deformation for Sprite.bend: points move about 0.5 % of the height a frame at speed 1 or more."""
    grid = (4, 6, 2)
    walk = 2 * rng.standard_normal(grid) + min(speed, 1.0) * smooth_walk(rng, length, grid)
    return (0.005 * height * walk).astype(np.float32)


def translation(x: float, y: float) -> np.ndarray:
    """A pose (3, 3) that shifts by (x, y) pixels."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
