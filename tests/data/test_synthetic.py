import numpy as np
import pytest

from tests.data.trees import check_clip
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import MOST_OBJECTS, SyntheticClips, render


@pytest.mark.parametrize("spec", [ClipSpec(4, 240, 432), ClipSpec(1, 32, 32), ClipSpec(6, 96, 64)])
def test_clips(spec):
    for seed in range(5):
        check_clip(SyntheticClips().sample(np.random.default_rng(seed), spec), spec)


def test_reproducible():
    spec = ClipSpec(3, 64, 96)
    first, again, other = (render(np.random.default_rng(seed), spec) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_several_objects_that_move_in_front_of_a_textured_background():
    spec, most, moved, textures = ClipSpec(4, 96, 160), 0, 0, []
    for seed in range(20):
        frames, labels = render(np.random.default_rng(seed), spec)
        assert labels.max() <= MOST_OBJECTS
        most = max(most, len(np.unique(labels)) - 1)
        moved += not np.array_equal(labels[0], labels[-1])
        assert frames[labels == 0].std() > 5
        textures += [frames[labels == label].std() for label in set(np.unique(labels)) - {0}]
    assert most == MOST_OBJECTS
    assert moved == 20
    assert np.mean(textures) > 20


def test_labels_follow_the_picture():
    """Objects differ from what is behind them: colours change across most of the labels' edges."""
    contrast = []
    for seed in range(10):
        frames, labels = render(np.random.default_rng(seed), ClipSpec(2, 120, 216))
        step = np.abs(frames[:, :, 3:].astype(int) - frames[:, :, :-3]).sum(axis=-1)
        edge = labels[:, :, 3:] != labels[:, :, :-3]
        contrast.append(np.median(step[edge]) / np.median(step[~edge]))
    assert np.median(contrast) > 4


def test_clips_look_as_they_always_did():
    """Statistics of a few seeds: OpenCV once read an empty second map of `remap`, and objects were noise or missing."""
    shares, means, deviations = [], [], []
    for seed in range(20):
        frames, labels = render(np.random.default_rng(seed), ClipSpec(2, 96, 160))
        shares.append(np.mean(labels > 0))
        means.append(frames.mean())
        deviations.append(frames.std())
    assert np.mean(shares) == pytest.approx(0.274, abs=0.01)
    assert np.mean(means) == pytest.approx(114.3, abs=1)
    assert np.mean(deviations) == pytest.approx(45.8, abs=1)
