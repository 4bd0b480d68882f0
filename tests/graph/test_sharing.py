"""What the encoder computes for all objects, against the network that computes it for each."""

import numpy as np
import pytest

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.graph.sharing import share_features
from ttvos_tf.inspection.complexity import multiply_adds
from ttvos_tf.network.heatmap import foreground_probability

SIZE = (32, 64)


def network_of(**options):
    """With biases, which are zero at first, and with features that differ from each other."""
    keras.utils.set_random_seed(0)
    network = build_model(
        ModelConfig(matching_channels=8, decoder_channels=8, **options), height=SIZE[0], width=SIZE[1]
    )
    rng = np.random.default_rng(0)
    for model in network.parts:
        for variable in model.variables:
            if "bias" in variable.name:
                variable.assign(rng.normal(0, 0.1, variable.shape).astype(np.float32))
            if "moving_variance" in variable.name:
                variable.assign(rng.uniform(0.05, 0.2, variable.shape).astype(np.float32))
    return network


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"backbone": "hrnet", "past_masks": 3, "coordinates": True, "update_gate": True},
        {"backbone": "resnet50", "update_template": False},
        {"short_term": False, "reach": 0.25},
        {"long_term": False},
    ],
    ids=str,
)
def test_chained_frames_are_the_same(options):
    network = network_of(**options)
    shared = inference_form(network)
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (4, 1, *SIZE, 3), np.uint8)
    mask = (rng.random((1, *SIZE, 1)) > 0.5).astype(np.float32)
    state, got_state = network.init(frames[0], mask), shared.init(frames[0], mask)
    for frame in frames[1:]:
        features, got_features = network.encode(frame), shared.encode(frame)
        logit, got_logit = network.infer_logit(features, state), shared.infer_logit(got_features, got_state)
        assert np.ptp(logit) > 0
        np.testing.assert_allclose(got_logit, logit, atol=1e-4 * np.abs(logit).max())
        state = network.update(features, foreground_probability(logit), state)
        got_state = shared.update(got_features, foreground_probability(got_logit), got_state)
        for name in ("state_mask", "state_template", "state_count"):
            np.testing.assert_allclose(got_state[name], state[name], atol=1e-3, err_msg=name)


def test_an_object_has_little_more_than_half_to_compute():
    def count(*models):
        return sum(multiply_adds(layer) for model in models for layer in model.layers)

    network = build_model(ModelConfig(matching_channels=64), height=240, width=432)
    shared = inference_form(network)
    objects = count(shared.segmentation_head, shared.template_encoder)
    whole = count(shared.encoder, shared.segmentation_head, shared.template_encoder)
    assert objects < 0.6 * (whole - count(network.encoder))


def test_new_layers_are_trained_with_the_last_block():
    network = network_of()
    backbone = inference_form(network).backbone
    branches = ("attention_x", "update_f", "update_g")
    added = {layer.name for layer in backbone.model.layers if layer.name.endswith("_frame")}
    chains = {f"{branch}_{part}" for branch in branches for part in ("point", "group")}
    assert added == {f"{name}_frame" for name in ("decoder_4", "short_1", "short_3", *chains)}
    assert added < set(backbone.last_block)


def test_a_convolution_with_an_activation_stays():
    """Its value is no sum of two terms: the encoder gives the features, and here there is nothing to move."""
    feat4, other = keras.Input((4, 4, 3), name="feat4"), keras.Input((4, 4, 2), name="other")
    joined = keras.layers.Concatenate()([feat4, other])
    model = keras.Model([feat4, other], keras.layers.Conv2D(5, 3, padding="same", activation="relu")(joined))
    frame = keras.Input((4, 4, 3))
    encoder = keras.Model(frame, [keras.layers.Conv2D(width, 1)(frame) for width in (3, 1, 1)])
    unchanged, rest = share_features(Backbone(encoder), model)
    assert [each.name for each in unchanged.model.layers] == [each.name for each in encoder.layers]
    inputs = [tf.random.normal((1, 4, 4, channels), seed=1) for channels in (3, 2)]
    np.testing.assert_array_equal(rest(inputs), model(inputs))
