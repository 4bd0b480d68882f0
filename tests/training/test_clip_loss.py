import numpy as np
import pytest

from ttvos_tf.compat import tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.factory import build_model
from ttvos_tf.losses import LossWeights
from ttvos_tf.network.ttvos import pool_mask
from ttvos_tf.training.clip_loss import clip_loss, unroll

SIZE = (32, 64)


@pytest.fixture(scope="module")
def model():
    return build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=SIZE[0], width=SIZE[1])


@pytest.fixture(scope="module")
def clip():
    """frames (1, 4, H, W, 3), masks (1, 4, H, W)"""
    sample = SyntheticClips().sample(np.random.default_rng(3), ClipSpec(4, *SIZE))
    return sample.frames[None], sample.masks[None]


def probability(mask):
    return tf.cast(mask == 1, tf.float32)[..., None]


def test_from_the_second_known_frame_on(model, clip):
    """The template is of the given frame; mask and f16 are of the second one, as if the network had segmented it."""
    frames, masks = clip
    first, second = probability(masks[:, 0]), probability(masks[:, 1])
    steps = list(unroll(model, tf.constant(frames), first, second, known_frames=2))
    assert [step[0] for step in steps] == [2, 3]
    np.testing.assert_array_equal(steps[0][3], pool_mask(second))
    given, before, frame = (model.encode(frames[:, t]) for t in range(3))
    state = model.start(given, first)
    state |= {"state_mask": model.masks(second), "state_feat16": before.f16}
    np.testing.assert_allclose(model.segment(frame, state)[0], steps[0][1], atol=1e-4)


def test_the_loss_is_of_the_frames_whose_masks_are_not_known(model, clip):
    frames, masks = clip
    first, second = masks[:, 0], masks[:, 1]

    def loss(labels, known_frames):
        given = (model, tf.constant(frames), tf.constant(labels), first, LossWeights(5.0, 0.5), second, known_frames)
        return float(clip_loss(*given, training=False).total)

    other = masks.copy()
    other[:, 1] = 1 - other[:, 1]
    assert loss(other, 2) == loss(masks, 2)
    assert loss(other, 1) != loss(masks, 1)
    other[:, 2] = 1 - other[:, 2]
    assert loss(other, 2) != loss(masks, 2)
