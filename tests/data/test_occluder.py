import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttvos_tf.data.video_clips
from tests.data.trees import sliding, write_davis
from ttvos_tf.data.augment import Window
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.davis import DavisClips
from ttvos_tf.data.occluder import sample_occluder

SPEC = ClipSpec(6, 96, 160)


def covered(sprite, t):
    return sprite.seen(t, sprite.poses[t], SPEC.height, SPEC.width)[..., 3] > 127


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 90), st.integers(20, 40), st.integers(10, 40), st.integers(10, 40))
def test_first_frame_shows_the_target(seed, x, y, width, height):
    sprite = sample_occluder(np.random.default_rng(seed), Window(x, y, width, height), SPEC)
    assert sprite.label == 0 and sprite.poses.shape == (6, 3, 3)
    # A post leans by a few degrees, so that a corner of the box may be covered.
    assert covered(sprite, 0)[y : y + height, x : x + width].mean() < 0.35


def test_most_targets_are_covered_later():
    box = Window(60, 30, 30, 30)
    most = []
    for seed in range(60):
        sprite = sample_occluder(np.random.default_rng(seed), box, SPEC)
        most.append(max(covered(sprite, t)[30:60, 60:90].mean() for t in range(SPEC.length)))
    assert np.mean(np.array(most) > 0.09) > 0.8  # posts are a tenth of the target thick, or more
    assert max(most) == 1.0  # some are hidden whole
    assert min(most) < 0.9


def test_hidden_targets_return():
    box, hidden, returned = Window(60, 30, 30, 30), 0, 0
    for seed in range(100):
        sprite = sample_occluder(np.random.default_rng(seed), box, SPEC)
        left = np.array([1 - covered(sprite, t)[30:60, 60:90].mean() for t in range(SPEC.length)])
        gone = np.flatnonzero(left < 0.1)
        hidden += len(gone) > 0
        returned += len(gone) > 0 and left[gone[0] :].max() > 0.5
    assert hidden > 30 and returned > 0.4 * hidden


def test_occluders_hide_the_target_of_a_video(tmp_path):
    write_davis(tmp_path, {"dog": sliding()})
    bare, occluded = (
        DavisClips(tmp_path, augmentation=Augmentation(occluder_probability=share)) for share in (0.0, 1.0)
    )
    hidden = 0
    for seed in range(10):
        without, clip = (source.sample(np.random.default_rng(seed), SPEC) for source in (bare, occluded))
        changed = clip.masks != without.masks
        assert (clip.masks[changed] == 0).all()
        assert (clip.frames != without.frames).any(-1)[changed].mean() > 0.95 if changed.any() else True
        hidden += changed.any()
    assert hidden >= 5


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_share(share, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        ttvos_tf.data.video_clips, "sample_occluder", lambda *args: calls.append(args) or sample_occluder(*args)
    )
    write_davis(tmp_path, {"dog": sliding()})
    DavisClips(tmp_path, augmentation=Augmentation(occluder_probability=share)).sample(np.random.default_rng(0), SPEC)
    assert len(calls) == share
