import numpy as np

from ttvos_tf.data.motion import move, random_bend, random_motion, random_speed, smooth_walk, translation


def test_walk_starts_at_zero_and_moves_about_one_a_frame():
    path = smooth_walk(np.random.default_rng(0), 30, (4000,))
    steps = np.diff(path, axis=0)
    assert not path[0].any()
    assert np.allclose(steps.std(axis=1), 1, atol=0.1)


def test_walk_is_smooth():
    """Velocity keeps 0.9 of itself a frame: changes have 0.2 of its variance. Independent jitters have 3 times it."""
    steps = np.diff(smooth_walk(np.random.default_rng(0), 30, (4000,)), axis=0)
    assert np.square(np.diff(steps, axis=0)).mean() / np.square(steps).mean() < 0.3


def test_move_turns_and_scales_about_the_centre_then_shifts():
    pose = move(np.array([[5.0, -2.0]]), 2.0, np.pi / 2, (10, 20))[0]
    assert np.allclose(pose @ (10, 20, 1), (15, 18, 1))
    # One pixel to the right of the centre goes two pixels down (y points down), shifted.
    assert np.allclose(pose @ (11, 20, 1), (15, 20, 1))
    assert np.allclose(translation(3, 4) @ (1, 1, 1), (4, 5, 1))


def test_random_motion_starts_in_place_and_goes_on_without_jumps():
    for seed in range(50):
        poses = random_motion(np.random.default_rng(seed), 20, (100, 50), 240, speed=1.0)
        assert np.allclose(poses[0], np.eye(3))
        center = (poses @ (100, 50, 1))[:, :2]
        assert np.linalg.norm(np.diff(center, axis=0), axis=1).max() < 6 * 0.025 * 240


def test_bend_changes_little_between_frames():
    for seed in range(20):
        bend = random_bend(np.random.default_rng(seed), 8, 240, speed=5.0)
        assert bend.dtype == np.float32
        assert bend.shape[0] == 8
        assert np.abs(np.diff(bend, axis=0)).max() < 0.03 * 240


def test_speeds_span_slow_to_fast():
    rng = np.random.default_rng(0)
    speeds = np.array([random_speed(rng) for _ in range(2000)])
    assert speeds.min() >= 0.1
    assert speeds.max() < 5
    assert 0.9 < np.median(speeds) < 1.1
