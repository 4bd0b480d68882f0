import cv2
import numpy as np
import pytest

from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.looks import PaintedLooks
from ttvos_tf.data.motion import translation
from ttvos_tf.data.scene import Sprite, render
from ttvos_tf.data.stage import Actor, Stage, smooth_path, spread, sway


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


def test_an_actor_is_as_large_as_told_and_its_shadow_labels_nothing():
    spec = ClipSpec(5, 200, 300)
    image, mask = np.full((80, 60, 3), 90, np.uint8), np.zeros((80, 60), np.uint8)
    mask[10:70, 15:45] = 255
    path = np.tile([150.0, 100.0], (5, 1))
    scale = np.linspace(1, 2, 5)
    stage = Stage(np.random.default_rng(0), PaintedLooks(), spec)
    shadow, body = stage.actor((image, mask), 0.3, path, label=1, scale=scale, angle=np.zeros(5))
    assert 0 < shadow.picture[..., 3].max() <= 127
    assert (shadow.label, body.label) == (0, 1)
    ground = Sprite(np.zeros((200, 300, 3), np.uint8), np.eye(3))
    _, labels = render([ground, shadow, body], np.tile(np.eye(3), (5, 1, 1)), 200, 300)
    for t in (0, 4):
        y, x = np.nonzero(labels[t])
        assert np.sqrt(len(y)) == pytest.approx(0.3 * 200 * scale[t], rel=0.05)
        assert (x.mean(), y.mean()) == pytest.approx((150, 100), abs=4)


def test_a_screen_hides_its_width_from_top_to_bottom():
    spec = ClipSpec(3, 100, 160)
    screen = Stage(np.random.default_rng(0), PaintedLooks(), spec).screen(40, np.array([30.0, 80.0, 130.0]))
    for t, x in enumerate((30, 80, 130)):
        alpha = screen.seen(t, screen.poses[t], 100, 160)[..., 3] > 127
        assert alpha.sum(axis=1) == pytest.approx(np.full(100, 40), abs=3)  # it leans a little
        assert np.nonzero(alpha)[1].mean() == pytest.approx(x, abs=3)


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
