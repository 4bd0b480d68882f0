import cv2
import numpy as np
import pytest

from ttvos_tf.data.motion import translation
from ttvos_tf.data.stage import Actor, smooth_path, spread, sway


def test_paths_are_smooth_and_keep_their_ends():
    points = np.array([[0.0, 5.0], [100.0, 0.0], [0.0, -5.0]])
    path = smooth_path(points, 41)
    assert path.shape == (41, 2)
    assert np.allclose(path[[0, -1]], points[[0, -1]])
    assert path[20, 0] > 70
    assert np.abs(np.diff(path, n=2, axis=0)).max() < 3  # straight lines would turn by 10 at once
    early = smooth_path(points, 41, middle=10)
    assert np.argmax(early[:, 0]) == pytest.approx(10, abs=2)
    assert np.allclose(smooth_path(points[:1], 9), points[0])


def test_sway_stays_between_its_bounds_and_is_smooth():
    path = sway(np.random.default_rng(0), 200, (50,))
    assert path.shape == (200, 50)
    assert 0.7 < np.abs(path).max() <= 1
    assert np.abs(np.diff(path, axis=0)).max() <= 2 * np.pi / 25


def test_no_rim_of_the_old_background_comes_along():
    image, mask = np.zeros((60, 60, 3), np.uint8), np.zeros((60, 60), np.uint8)
    image[:], image[20:40, 20:40], mask[20:40, 20:40] = (0, 255, 0), (200, 50, 0), 255
    out = spread(image, mask)
    near = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    assert np.abs(out[near].astype(int) - (200, 50, 0)).max() <= 2


def test_shrinking_keeps_place_and_mean():
    """A fine chequered picture at a fifth of its size is grey, and stays where it was."""
    rng = np.random.default_rng(0)
    picture = np.dstack([*(rng.integers(0, 2, (3, 200, 200), np.uint8) * 255), np.full((200, 200), 255, np.uint8)])
    pose = translation(10, 20) @ np.diag([0.2, 0.2, 1.0])
    seen = Actor(picture, pose, tint=np.ones((1, 3), np.float32)).seen(0, pose, 80, 80)
    y, x = np.nonzero(seen[..., 3] > 127)
    assert (x.min(), y.min(), x.max(), y.max()) == pytest.approx((10, 20, 49, 59), abs=1)
    assert seen[25:55, 15:45, :3].std() < 40
    assert seen[25:55, 15:45, :3].mean() == pytest.approx(127, abs=8)


def test_tint_colours_the_thing_alone():
    picture = np.full((10, 10, 4), 100, np.uint8)
    picture[..., 3] = 255
    tint = np.array([[1, 1, 1], [0.5, 1, 2]], np.float32)
    actor = Actor(picture, np.eye(3), tint=tint)
    assert actor.seen(1, np.eye(3), 20, 20)[5, 5].tolist() == [50, 100, 200, 255]
    assert actor.seen(0, np.eye(3), 20, 20)[5, 5].tolist() == [100, 100, 100, 255]
