import numpy as np
import pytest

from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.motion import move, translation
from ttvos_tf.data.scene import Sprite, cut_out, motion_blur, random_sprite, render, velocity

STILL = np.tile(np.eye(3), (3, 1, 1))


def box(height, width, value, margin=0):
    """A picture of one colour, with so many transparent pixels around."""
    picture = np.full((height + 2 * margin, width + 2 * margin, 4), value, np.uint8)
    picture[..., 3] = np.pad(np.full((height, width), 255, np.uint8), margin)
    return picture


def backdrop(rng=None):
    return (rng or np.random.default_rng(0)).integers(0, 256, (40, 60, 3), np.uint8)


def test_whole_pixel_shifts_are_exact():
    background = backdrop()
    poses = move(np.array([[5.0, 7.0], [6.0, 9.0], [50.0, 9.0]]))
    frames, labels = render([Sprite(background, np.eye(3)), Sprite(box(10, 20, 99), poses, label=3)], STILL, 40, 60)
    for t, (x, y) in enumerate([(5, 7), (6, 9), (50, 9)]):
        expected, expected_labels = background.copy(), np.zeros((40, 60), np.uint8)
        expected[y : y + 10, x : x + 20], expected_labels[y : y + 10, x : x + 20] = 99, 3
        assert np.array_equal(labels[t], expected_labels)
        assert np.abs(frames[t].astype(int) - expected).max() <= 1


def test_camera_moves_everything():
    background = backdrop()
    camera = np.stack([translation(0, 0), translation(-4, 3), translation(-8, 6)])
    frames, labels = render(
        [Sprite(background, np.eye(3)), Sprite(box(9, 9, 0), translation(20, 10), label=1)], camera, 40, 60
    )
    for t in range(3):
        x, y = 20 - 4 * t, 10 + 3 * t
        assert labels[t].sum() == labels[t, y : y + 9, x : x + 9].sum() == 81
        assert np.array_equal(frames[t, 3 * t + 21 :, : 60 - 4 * t - 40], background[21 : 40 - 3 * t, 4 * t : 20])


def test_camera_zooms_about_the_frames_corner_not_the_pictures():
    camera = move(np.zeros((1, 2)), 2.0)
    _, labels = render(
        [Sprite(backdrop(), np.eye(3)), Sprite(box(9, 9, 0), translation(15, 8), label=1)], camera, 40, 60
    )
    y, x = np.nonzero(labels[0])
    assert (x.mean(), y.mean()) == pytest.approx((2 * 19, 2 * 12))


def test_front_hides_back_and_shadows_label_nothing():
    shadow = box(12, 12, 0)
    shadow[..., 3] = 120
    sprites = [
        Sprite(np.full((40, 60, 3), 200, np.uint8), np.eye(3)),
        Sprite(box(12, 12, 50), translation(10, 10), label=1),
        Sprite(box(12, 12, 150), translation(16, 10), label=2),
        Sprite(shadow, translation(10, 16)),
    ]
    frames, labels = render(sprites, STILL[:1], 40, 60)
    assert (labels[0, 10:22, 10:16] == 1).all()
    assert (labels[0, 10:22, 16:28] == 2).all()
    assert np.count_nonzero(labels) == 12 * 18
    assert frames[0, 18, 12, 0] == pytest.approx(50 * (1 - 120 / 255), abs=2)
    assert frames[0, 25, 12, 0] == pytest.approx(200 * (1 - 120 / 255), abs=2)


def test_bend_displaces_colours_and_labels_alike():
    rng = np.random.default_rng(0)
    picture = box(30, 40, 220, margin=4)
    bend = (3 * rng.standard_normal((3, 4, 6, 2))).astype(np.float32)
    sprites = [
        Sprite(np.full((60, 80, 3), 20, np.uint8), np.eye(3)),
        Sprite(picture, translation(16, 11), bend, label=1),
    ]
    frames, labels = render(sprites, STILL, 60, 80)
    assert np.mean((labels == 1) != (frames[..., 0] >= 120)) < 0.001  # half of 20 and 220, up to rounding
    assert not np.array_equal(labels[0], labels[1])
    assert 0.7 * 1200 < (labels[0] == 1).sum() < 1.3 * 1200


def test_backgrounds_are_mirrored_beyond_their_border():
    frames, _ = render([Sprite(backdrop(), translation(10, 0))], STILL[:1], 40, 60)
    assert np.array_equal(frames[0, :, :10], backdrop()[:, 10:0:-1])


def test_velocity_is_of_the_centre():
    poses = move(np.array([[0.0, 0.0], [2.0, 1.0], [6.0, 2.0]]))
    assert np.allclose(velocity(poses, 0, (10, 10)), (2, 1))
    assert np.allclose(velocity(poses, 1, (10, 10)), (3, 1))
    assert np.allclose(velocity(poses, 2, (10, 10)), (4, 1))
    assert np.allclose(velocity(poses[:1], 0, (10, 10)), (0, 0))


def test_blur_smears_along_the_motion_only():
    picture = np.zeros((31, 31, 3), np.uint8)
    picture[15, 15] = 255
    still, across = motion_blur(picture, np.array([0.0, 0.0])), motion_blur(picture, np.array([10.0, 0.0]))
    assert np.array_equal(still, picture)
    assert set(np.nonzero(across)[0]) == {15}
    columns = np.nonzero(across)[1]
    assert columns.min() in (9, 10)
    assert columns.max() in (20, 21)
    far = motion_blur(picture, np.array([500.0, -500.0]))  # a jump does not wipe the picture out
    assert np.count_nonzero(far[..., 0]) >= 12


def test_blurred_scenes_keep_label_and_colour_together():
    sprites = [
        Sprite(np.full((40, 60, 3), 20, np.uint8), np.eye(3)),
        Sprite(box(16, 20, 220, margin=8), move(np.array([[0.0, 5.0], [8.0, 5.0], [16.0, 5.0]])), label=1),
    ]
    frames, labels = render(sprites, STILL, 40, 60, blurred=True)
    assert np.mean((labels == 1) != (frames[..., 0] >= 120)) < 0.001  # half of 20 and 220, up to rounding
    assert not np.array_equal(frames, render(sprites, STILL, 40, 60)[0])


def test_cut_out_has_soft_edges_around_the_mask():
    mask = np.zeros((20, 20), np.uint8)
    mask[5:15, 5:15] = 255
    alpha = cut_out(np.zeros((20, 20, 3), np.uint8), mask)[..., 3]
    assert np.count_nonzero((alpha > 127) != (mask > 0)) <= 4  # the corners
    assert 0 < alpha[10, 4] < 127 < alpha[10, 5] < 255


def test_sprites_are_of_any_size_and_place():
    spec = ClipSpec(2, 48, 80)
    image, mask = np.zeros((50, 50, 3), np.uint8), np.zeros((50, 50), np.uint8)
    mask[10:40, 5:45] = 255
    areas = []
    for seed in range(40):
        sprite = random_sprite(np.random.default_rng(seed), image, mask, spec, label=4, scales=(0.15, 0.7))
        _, labels = render([Sprite(backdrop(), np.eye(3)), sprite], STILL[:2], 48, 80)
        assert set(np.unique(labels)) <= {0, 4}
        areas.append(np.count_nonzero(labels[0]) / labels[0].size)
    assert min(areas) < 0.08
    assert max(areas) > 0.2
