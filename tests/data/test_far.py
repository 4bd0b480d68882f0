"""Clips whose first frame is far from the others, and targets that change their size."""

from dataclasses import replace

import numpy as np
import pytest

from tests.data.trees import BARE, SIZE, check_clip, inner, is_red, labels_of, sliding, write_davis, write_saliency
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.augment import bounding_box
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.clip import ClipSpec, shows_target
from ttvos_tf.data.davis import DavisClips
from ttvos_tf.data.loader import make_batch
from ttvos_tf.data.motion import change_of_size, random_view
from ttvos_tf.data.saliency import SaliencyClips
from ttvos_tf.data.stills import seen_alone, zoomed
from ttvos_tf.data.synthetic import SyntheticClips

SPEC = ClipSpec(5, 64, 112)
FAR = replace(BARE, far_probability=1.0)


def videos(folder, augmentation):
    write_davis(folder, {"dog": sliding(40)})
    return DavisClips(folder, augmentation=augmentation)


def stills(folder, augmentation):
    write_saliency(folder)
    return SaliencyClips(folder, augmentation=augmentation)


def jumps(clip):
    """How far the target's box moves and changes from frame to frame, as shares of the frame's width: (T - 1,)."""
    boxes = [bounding_box(mask == TARGET) for mask in clip.masks]
    values = np.array([(*box.center, box.width, box.height) for box in boxes])
    return np.abs(np.diff(values, axis=0)).max(axis=1) / SPEC.width


@pytest.mark.parametrize("source", [videos, stills])
def test_the_first_frame_is_far_and_the_others_are_not(source, tmp_path):
    sources = source(tmp_path / "near", BARE), source(tmp_path / "far", FAR)
    near, far = ([clips.sample(np.random.default_rng(seed), SPEC) for seed in range(30)] for clips in sources)
    for clip in far:
        check_clip(clip, SPEC)
        assert shows_target(clip.masks[1])
        assert is_red(clip.frames)[inner(clip.masks == TARGET)].all()
    first, rest = (np.median([jumps(clip)[part] for clip in far]) for part in (slice(0, 1), slice(1, None)))
    assert first > 3 * rest
    assert first > 3 * np.median([jumps(clip)[0] for clip in near])


def test_a_share_of_the_clips_is_far(tmp_path):
    source = videos(tmp_path, replace(BARE, far_probability=0.5))
    first = np.array([jumps(source.sample(np.random.default_rng(seed), SPEC))[0] for seed in range(60)])
    assert 0.3 < np.mean(first > 0.08) < 0.7


def test_rendered_scenes_have_another_view_too():
    near, far = SyntheticClips(BARE), SyntheticClips(FAR)
    differing = 0
    for seed in range(10):
        one, other = (source.sample(np.random.default_rng(seed), SPEC) for source in (near, far))
        check_clip(other, SPEC)
        differing += not np.array_equal(one.frames[0], other.frames[0])
    assert differing == 10


def test_views_keep_the_centre_in_sight():
    magnified, mirrored = [], 0
    for seed in range(200):
        view = random_view(np.random.default_rng(seed), (20.0, 50.0), 64, 112, (0.5, 2.0))
        x, y, _ = view @ (20.0, 50.0, 1.0)
        assert 0.19 * 112 < x < 0.81 * 112 and 0.19 * 64 < y < 0.81 * 64
        magnified.append(np.sqrt(abs(np.linalg.det(view[:2, :2]))))
        mirrored += np.linalg.det(view[:2, :2]) < 0
    assert 0.5 <= min(magnified) < 0.6 and 1.8 < max(magnified) <= 2.0
    assert 0.2 < mirrored / 200 < 0.4


def test_the_network_goes_on_from_the_second_frame(tmp_path):
    sources = {"videos": (videos(tmp_path, FAR), 1.0)}
    batch = make_batch(sources, [SPEC], 4, seed=0, index=0, augmentation=replace(FAR, box_probability=1.0))
    np.testing.assert_array_equal(batch.previous_masks, batch.masks[:, 1])
    assert not np.array_equal(batch.first_masks, batch.masks[:, 0])
    damaged = make_batch(sources, [SPEC], 4, seed=0, index=0, augmentation=replace(FAR, damage_probability=1.0))
    np.testing.assert_array_equal(damaged.frames, batch.frames)
    assert not np.array_equal(damaged.previous_masks, batch.masks[:, 1])
    assert Augmentation().known_frames == 1 and FAR.known_frames == 2


def test_pasted_and_occluded_far_clips_show_their_target_twice(tmp_path):
    pair = labels_of((20, 20, 40, 40), (90, 30, 40, 40))
    write_davis(tmp_path, {"dog": sliding(30), "pair": [pair] * 9}, "2017")
    everything = Augmentation(far_probability=0.7, paste_probability=1.0, occluder_probability=1.0)
    source = DavisClips(tmp_path, year="2017", augmentation=everything)
    for seed in range(30):
        clip = source.sample(np.random.default_rng(seed), SPEC)
        assert all((mask == TARGET).any() for mask in clip.masks[:2])


def test_frames_of_void_alone_are_fine_but_not_as_given_ones(tmp_path):
    gone = np.full(SIZE, VOID, np.uint8)
    write_davis(tmp_path, {"dog": [*sliding(4), *[gone] * 8]}, "2017")
    source = DavisClips(tmp_path, year="2017", augmentation=FAR)
    clips = [source.sample(np.random.default_rng(seed), SPEC) for seed in range(20)]
    assert all(shows_target(mask) for clip in clips for mask in clip.masks[:2])
    assert any((clip.masks[-1] == VOID).all() for clip in clips)


def test_targets_grow_and_shrink_steadily():
    sizes = [np.linalg.det(change_of_size(np.random.default_rng(seed), 5, (3, 4), (1 / 3, 3)))[:] for seed in range(50)]
    steps = np.diff(np.log(sizes), axis=1) / 2
    np.testing.assert_allclose(steps, steps[:, :1].repeat(4, axis=1), atol=1e-9)
    last = np.sqrt(np.array(sizes)[:, -1])
    assert 1 / 3 <= last.min() < 0.5 and 2 < last.max() <= 3


def test_a_zoomed_sprite_stays_about_its_middle(tmp_path):
    write_saliency(tmp_path)
    source = SaliencyClips(tmp_path, augmentation=BARE)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        target = next(sprite for sprite in source.sprites(rng, SPEC) if sprite.label == TARGET)
        center = (*bounding_box(target.picture[..., 3]).center, 1.0)
        changed = zoomed(rng, target, (2.0, 2.0))
        np.testing.assert_allclose(changed.poses @ center, target.poses @ center, atol=1e-9)
        np.testing.assert_array_equal(seen_alone(changed, np.eye(3), SPEC), seen_alone(target, np.eye(3), SPEC))


def test_zooms_reach_the_clips(tmp_path):
    """The change of a target's area over a clip is several times as large."""

    def growth(probability):
        source = stills(tmp_path / str(probability), replace(BARE, zoom_probability=probability))
        clips = [source.sample(np.random.default_rng(seed), SPEC) for seed in range(30)]
        areas = np.array([[np.count_nonzero(clip.masks[t] == TARGET) + 1 for t in (0, -1)] for clip in clips])
        return np.median(np.abs(np.log(areas[:, 1] / areas[:, 0])))

    assert growth(1.0) > 2 * growth(0.0)
