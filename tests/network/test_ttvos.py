import dataclasses

import numpy as np
import pytest

from tests.training.batches import exact_batch
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import BACKBONES, ModelConfig
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import at_size, build_model
from ttvos_tf.layers import TemplateUpdate
from ttvos_tf.losses import LossWeights
from ttvos_tf.network.heatmap import foreground_probability, pool_mask
from ttvos_tf.network.reach import SUPPRESSION
from ttvos_tf.training.clip_loss import clip_loss, unroll
from ttvos_tf.weights import variables

SIZE = (64, 112)
SMALL = ModelConfig(matching_channels=16, decoder_channels=16)


@pytest.fixture(scope="module")
def clip():
    sample = SyntheticClips().sample(np.random.default_rng(0), ClipSpec(5, *SIZE))
    return sample.frames[None], sample.masks[None]


@pytest.fixture(scope="module")
def model():
    tf.random.set_seed(0)
    return build_model(SMALL, height=SIZE[0], width=SIZE[1])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_state_keeps_its_shapes(backbone, clip):
    model = build_model(dataclasses.replace(SMALL, backbone=backbone), height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    state = model.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32))
    probability, after = model.step(frames[:, 1], state)
    assert probability.shape == (1, *SIZE, 1)
    assert {name: (each.shape, each.dtype) for name, each in state.items()} == {
        name: (each.shape, each.dtype) for name, each in after.items()
    }
    assert state["state_mask"].shape == (1, SIZE[0] // 8, SIZE[1] // 8, 2)
    assert state["state_template"].shape[1] == state["state_template"].shape[2] == model.encoder.outputs[1].shape[-1]
    assert state["state_feat16"].shape == (1, SIZE[0] // 16, SIZE[1] // 16, model.encoder.outputs[2].shape[-1])
    assert state["state_count"].numpy() == 1 and after["state_count"].numpy() == 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"short_term": False},
        {"long_term": False},
        {"update_template": False},
        {"past_masks": 3},
        {"coordinates": True},
        {"update_gate": True},
    ],
    ids=str,
)
def test_streaming_equals_the_unrolled_clip(options, clip):
    model = build_model(dataclasses.replace(SMALL, **options), height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    first = masks[:, 0, ..., None].astype(np.float32)
    state = model.init(frames[:, 0], first)
    for t, logits, _, heatmap in unroll(model, exact_batch(frames, masks)):
        np.testing.assert_allclose(state["state_mask"][..., :2], heatmap, atol=1e-5)
        probability, state = model.step(frames[:, t], state)
        np.testing.assert_allclose(probability, foreground_probability(logits), atol=1e-4)


def test_template_is_the_mean_of_the_embeddings(model, clip):
    frames, masks = clip
    streamed, embeddings = TemplateUpdate(), []
    state = model.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32))
    for t in range(1, frames.shape[1] + 1):
        # update() pairs the features of a frame with its own mask, so Eq. 1 can be redone from the state alone.
        embeddings.append(
            model.template_encoder([model.encode(frames[:, t - 1])["feat8"], state["state_mask"]]).numpy()
        )
        np.testing.assert_allclose(streamed(embeddings[-1]), state["state_template"], atol=1e-5)
        np.testing.assert_allclose(np.mean(embeddings, axis=0), state["state_template"], atol=1e-5)
        assert state["state_count"].numpy() == t
        if t < frames.shape[1]:
            _, state = model.step(frames[:, t], state)


def test_template_stays_when_its_update_is_off(clip):
    model = build_model(dataclasses.replace(SMALL, update_template=False), height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    state = model.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32))
    _, after = model.step(frames[:, 1], state)
    np.testing.assert_array_equal(after["state_template"], state["state_template"])


def test_past_masks_shift(clip):
    model = build_model(dataclasses.replace(SMALL, past_masks=2), height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    state = model.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32))
    probability, after = model.step(frames[:, 1], state)
    np.testing.assert_array_equal(after["state_mask"][..., 2:], state["state_mask"][..., :2])
    np.testing.assert_allclose(after["state_mask"][..., :2], pool_mask(probability), atol=1e-6)


def test_mask_cells_are_exact_means():
    mask = np.random.default_rng(0).random((1, 32, 48, 1)).astype(np.float32)
    expected = mask.reshape(4, 8, 6, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(pool_mask(mask)[0, ..., 1], expected, atol=1e-6)
    np.testing.assert_allclose(pool_mask(mask)[0, ..., 0], 1 - expected, atol=1e-6)


def test_gradient_reaches_every_trained_variable(model, clip):
    frames, masks = clip
    trained = [v for part in model.parts for v in part.trainable_variables]
    with tf.GradientTape() as tape:
        loss = clip_loss(model, exact_batch(frames, masks), LossWeights(5.0, 1.0)).total
    for variable, gradient in zip(trained, tape.gradient(loss, trained), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


def test_loss_has_the_terms_that_are_asked_for(model, clip):
    frames, masks = clip
    batch = exact_batch(frames, masks)
    alone = clip_loss(model, batch, LossWeights(), training=False)
    assert alone.total == alone.cross_entropy
    assert alone.transition == alone.jaccard == 0
    whole = clip_loss(model, batch, LossWeights(transition=5.0, jaccard=0.5), training=False)
    assert whole.jaccard > 0
    expected = whole.cross_entropy + 0.5 * whole.jaccard + 5 * whole.transition
    np.testing.assert_allclose(whole.total, expected, rtol=1e-6)


def test_what_is_out_of_reach_is_not_the_target(model, clip):
    config = dataclasses.replace(model.config, reach=16 / SIZE[0])  # two cells of 8 pixels
    limited = dataclasses.replace(model, config=config)
    features = model.encode(clip[0][:, 1])
    mask = np.zeros((1, *SIZE, 1), np.float32)
    mask[0, 8:16, 16:24] = 1  # the cell in row 1, column 2: within reach are rows 0 to 3, columns 0 to 4
    state = model.init_from_features(features, mask)
    free, limit = (each.infer_logit(features, state).numpy()[0, ..., 0] for each in (model, limited))
    np.testing.assert_array_equal(free, model.segment(features, state)[0][0, ..., 0])
    np.testing.assert_array_equal(limit[:32, :40], free[:32, :40])
    np.testing.assert_allclose(limit[32:], free[32:] - SUPPRESSION, atol=1e-5)
    np.testing.assert_allclose(limit[:, 40:], free[:, 40:] - SUPPRESSION, atol=1e-5)
    probability, after = limited.step_from_features(features, state)
    np.testing.assert_allclose(probability[0, ..., 0], 1 / (1 + np.exp(-2 * limit)), atol=1e-5)
    assert np.abs(after["state_mask"][0, 5:, :, 1]).max() < 1e-6  # what is carried on, too
    out_of_sight = state | {"state_mask": model.initial_mask_state(0.4 * mask)}
    np.testing.assert_array_equal(
        limited.infer_logit(features, out_of_sight), model.infer_logit(features, out_of_sight)
    )


def test_damaged_mask_is_seen_by_the_first_step_only(model, clip):
    frames, masks = clip
    first = tf.cast(masks[:, 0] == 1, tf.float32)[..., None]
    exact, damaged = (list(unroll(model, exact_batch(frames, masks, last))) for last in (None, 0 * masks[:, 0]))
    np.testing.assert_array_equal(damaged[0][3][..., 1], 0)  # H_hat of the first frame
    assert np.abs(damaged[0][1] - exact[0][1]).max() > 1e-3
    # The template is that of the exact mask: a network that has it alone follows the damaged mask's clip too.
    features = model.encode(tf.constant(frames[:, 1]))
    state = model.init_from_features(model.encode(tf.constant(frames[:, 0])), first) | {
        "state_mask": model.initial_mask_state(0 * first)
    }
    np.testing.assert_allclose(model.segment(features, state)[0], damaged[0][1], atol=1e-4)


@pytest.mark.parametrize("size", [(60, 112), (64, 100), (16, 16)])
def test_sizes_that_do_not_fit_are_refused(size):
    with pytest.raises(TTVOSError, match="multiples of 16"):
        build_model(SMALL, height=size[0], width=size[1])


def test_the_transition_head_may_read_the_decoder(clip):
    """The authors' later code. Only training has the head, so weights fit both."""
    tf.random.set_seed(0)
    decoder = build_model(dataclasses.replace(SMALL, transition_reads="decoder"), height=SIZE[0], width=SIZE[1])
    frames, masks = clip
    state = decoder.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32))
    features = decoder.encode(frames[:, 1])
    head = decoder.segmentation_head
    u8 = keras.Model(head.inputs, head.get_layer("decoder_8_leaky").output)
    _, read = decoder.segment(features, state)
    known = {**features, **state}
    np.testing.assert_array_equal(read, u8([known[name] for name in head.input_names]))
    assert decoder.transition_head(read).shape == (1, SIZE[0] // 8, SIZE[1] // 8, 2)
    assert decoder.config.architecture() == SMALL.architecture()


@pytest.mark.parametrize(
    "config", [SMALL, dataclasses.replace(SMALL, key_channels=8), dataclasses.replace(SMALL, backbone="hrnet")]
)
def test_a_network_of_another_size_has_the_same_layers(config, clip):
    """Where sides are odd at a stride, padding is not the same: 112 = 7 * 16, 96 = 6 * 16."""
    model = build_model(config, height=64, width=96)
    sized, alone = at_size(model, *SIZE), build_model(config, height=SIZE[0], width=SIZE[1])
    assert sized.size == SIZE and at_size(model, 64, 96) is model
    ours, its = variables(model), variables(sized)
    assert ours.keys() == its.keys() and all(ours[name] is its[name] for name in ours)
    for name, variable in variables(alone).items():
        variable.assign(ours[name])
    frames, masks = clip
    states = [each.init(frames[:, 0], masks[:, 0, ..., None].astype(np.float32)) for each in (sized, alone)]
    for frame in frames[0, 1:]:
        steps = [each.step(frame[None], state) for each, state in zip((sized, alone), states, strict=True)]
        np.testing.assert_array_equal(steps[0][0], steps[1][0])
        states = [state for _, state in steps]
