import numpy as np
import pytest

import ttvos_tf.network.memory
from tests.training.batches import exact_batch
from ttvos_tf.compat import tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.factory import build_model
from ttvos_tf.losses import LossWeights
from ttvos_tf.network.heatmap import pool_mask
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
    steps = list(unroll(model, exact_batch(frames, masks, masks[:, 1]), known_frames=2))
    assert [step[0] for step in steps] == [2, 3]
    np.testing.assert_array_equal(steps[0][3], pool_mask(second))
    given, before, frame = (model.encode(frames[:, t]) for t in range(3))
    state = model.init_from_features(given, first)
    state |= {"state_mask": model.initial_mask_state(second), "state_feat16": before["feat16"]}
    np.testing.assert_allclose(model.segment(frame, state)[0], steps[0][1], atol=1e-4)


def test_the_loss_is_of_the_frames_whose_masks_are_not_known(model, clip):
    frames, masks = clip
    batch = exact_batch(frames, masks, masks[:, 1])

    def loss(labels, known_frames):
        return float(clip_loss(model, batch._replace(masks=labels), LossWeights(5.0, 0.5), known_frames, False).total)

    other = masks.copy()
    other[:, 1] = 1 - other[:, 1]
    assert loss(other, 2) == loss(masks, 2)
    assert loss(other, 1) != loss(masks, 1)
    other[:, 2] = 1 - other[:, 2]
    assert loss(other, 2) != loss(masks, 2)


def test_the_memory_takes_in_what_it_is_told_to(clip, monkeypatch):
    monkeypatch.setattr(ttvos_tf.network.memory, "IN_SIGHT", -1.0)  # whatever the untrained network finds
    config = ModelConfig(matching_channels=8, decoder_channels=8, key_channels=8)
    model = build_model(config, height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    batch = exact_batch(frames, masks, masks[:, 1])

    def logits(*remembered):
        told = batch._replace(remembered=np.float32([remembered]))
        return [logit.numpy() for _, logit, *_ in unroll(model, told, known_frames=2)]

    nothing, known, own = logits(0, 0, 0, 0), logits(0, 1, 0, 0), logits(0, 0, 1, 0)
    assert np.abs(known[0] - nothing[0]).max() > 1e-4
    np.testing.assert_array_equal(own[0], nothing[0])
    assert np.abs(own[1] - nothing[1]).max() > 1e-4
