"""The quantised network: what it keeps of the float one, what it learns, what it writes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.metrics import relative_error
from tests.training.batches import exact_batch
from ttvos_tf.compat import keras, tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.synthetic import SyntheticClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import load_model
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.layers import BlockDiagonalConv2D
from ttvos_tf.losses import LossWeights
from ttvos_tf.quantization import calibrate, quantize
from ttvos_tf.quantization.configs import config_of
from ttvos_tf.rebuild import readers
from ttvos_tf.training.clip_loss import clip_loss
from ttvos_tf.weights import assign_weights, read_npz, save_weights, variables

SHIPPED = Path(__file__).parents[2] / "weights/mobilenet_v2.npz"  # random features would be all but constant
SIZE = (64, 96)


@pytest.fixture(scope="module")
def clip():
    return SyntheticClips().sample(np.random.default_rng(0), ClipSpec(3, *SIZE))


@pytest.fixture(scope="module")
def networks(clip):
    network = load_model(SHIPPED, height=SIZE[0], width=SIZE[1])
    quantized = quantize(network)
    calibrate(quantized, [clip])
    return network, quantized


def test_it_computes_what_the_float_network_does(networks, clip):
    network, quantized = inference_form(networks[0]), networks[1]
    mask = clip.masks[:1, ..., None].astype(np.float32)
    features = network.encode(clip.frames[:1])
    got_features = quantized.encode(clip.frames[:1])
    assert got_features.keys() == features.keys()
    for expected, got in zip(features.values(), got_features.values(), strict=True):
        assert np.corrcoef(np.ravel(expected), np.ravel(got))[0, 1] > 0.98
    state = network.init_from_features(features, mask)
    logit, similarity = network.segment(features, state)
    got_logit, got_similarity = quantized.segment(features, state)
    assert np.corrcoef(np.ravel(logit), np.ravel(got_logit))[0, 1] > 0.98
    assert np.corrcoef(np.ravel(similarity), np.ravel(got_similarity))[0, 1] > 0.98
    # Of the whole template: single entries move far where the softmax is close to a tie.
    got_template = quantized.init_from_features(features, mask)["state_template"]
    assert relative_error(got_template, state["state_template"]) < 0.02


def test_the_float_network_stays_as_it_is(networks):
    network, quantized = networks
    assert not network.config.quantized and quantized.config == dataclasses.replace(network.config, quantized=True)
    shared = {id(v) for v in network.transition_head.variables}
    for part in network.parts:
        for variable in part.variables:
            assert id(variable) in shared or not any(
                variable is v for other in quantized.parts for v in other.variables
            )


def test_layers_keep_their_names(networks):
    network, quantized = inference_form(networks[0]), networks[1]
    for names in ("last_block", "laterals", "key_taps"):
        kept = getattr(quantized.backbone, names)
        assert kept and set(kept) <= set(getattr(network.backbone, names))
        assert all(quantized.encoder.get_layer(name) for name in kept)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in quantized.encoder.layers)


def test_the_template_is_not_rounded(networks, clip):
    """A template that moves by far less than an int8 step moves the product by as much."""
    _, quantized = networks
    inputs = [tf.random.uniform((1, *tensor.shape[1:]), seed=1) for tensor in quantized.segmentation_head.inputs]
    match = quantized.segmentation_head.get_layer("attention_match")
    query = keras.Model(quantized.segmentation_head.inputs, match.input)(inputs)[1]
    place = quantized.segmentation_head.input_names.index("state_template")
    assert quantized.segmentation_head.inputs[place] is match.input[0]
    template = inputs[place]
    moved = match.layer([template * 1.001, query]) - match.layer([template, query])
    np.testing.assert_allclose(moved, 0.001 * match.layer([template, query]), atol=1e-5)


def test_reach_counts_in_int8(networks, clip):
    """What is out of reach gets the logit's lowest value; the rest of the logit stays as it is."""
    config = dataclasses.replace(networks[1].config, reach=16 / SIZE[0])
    quantized = dataclasses.replace(networks[1], config=config)
    features = quantized.encode(clip.frames[:1])
    mask = np.zeros((1, *SIZE, 1), np.float32)
    mask[0, 8:16, 16:24] = 1
    state = quantized.init_from_features(features, mask)
    free, limited = quantized.segment(features, state)[0].numpy(), quantized.infer_logit(features, state).numpy()
    np.testing.assert_allclose(limited[:, :32, :40], free[:, :32, :40], atol=1e-5)
    lowest = quantized.segmentation_head.get_layer("logit_subpixels").quantize_config.output.range[0].numpy()
    for outside in (limited[:, 32:], limited[:, :, 40:]):
        np.testing.assert_allclose(outside, lowest, atol=0.1)
    out_of_sight = state | {"state_mask": quantized.initial_mask_state(0.4 * mask)}
    logit = quantized.segment(features, out_of_sight)[0]
    np.testing.assert_allclose(quantized.infer_logit(features, out_of_sight), logit, atol=1e-5)


def test_running_mean_is_exact(networks, clip):
    _, quantized = networks
    features = quantized.encode(clip.frames[:1])
    state = quantized.init_from_features(features, clip.masks[:1, ..., None].astype(np.float32))
    state["state_count"] = tf.constant([1000.0])
    state["state_template"] += 0.25
    after = quantized.update(features, clip.masks[:1, ..., None].astype(np.float32), state)
    embedding = state["state_template"] - 0.25
    expected = state["state_template"] + (embedding - state["state_template"]) / 1001
    np.testing.assert_allclose(after["state_template"], expected, atol=1e-6)


def test_training_mode_alone_moves_ranges(networks, clip):
    _, quantized = networks

    def ranges():
        return {name: v.numpy() for name, v in variables(quantized).items() if "/output_" in name}

    before = ranges()
    quantized.init(clip.frames[:1], clip.masks[:1, ..., None].astype(np.float32))
    assert ranges() == before
    quantized.encode(255 - clip.frames, training=True)
    assert ranges() != before


def test_weights_files(networks, tmp_path):
    """To a network of another size and back; and what is wrong with a bad file is named."""
    network, quantized = networks
    path = tmp_path / "weights.npz"
    save_weights(path, quantized)
    loaded = load_model(path, height=32, width=64)
    assert loaded.config.quantized and loaded.size == (32, 64)
    saved = variables(quantized)
    assert len(saved) == len({id(v) for part in quantized.parts for v in part.variables if v.dtype.is_floating})
    for name, variable in variables(loaded).items():
        np.testing.assert_array_equal(variable, saved[name], err_msg=name)

    arrays = read_npz(path)
    with pytest.raises(TTVOSError, match="quantized is True, expected False"):
        load_model(path, height=32, width=64, expected=network.config)
    lacking = {name: array for name, array in arrays.items() if name != "weights/short_1_leaky/output_low"}
    with pytest.raises(TTVOSError, match=r"weights.npz: tensor short_1_leaky/output_low is missing"):
        assign_weights(loaded, lacking, path)
    misshapen = {**arrays, "weights/logit_subpixels/kernel": np.zeros((3, 3, 32, 8))}
    with pytest.raises(
        TTVOSError, match=r"logit_subpixels/kernel has shape \(3, 3, 32, 8\), expected \(3, 3, 32, 16\)"
    ):
        assign_weights(loaded, misshapen, path)


def test_wrong_networks_are_refused(networks, clip):
    network, quantized = networks
    with pytest.raises(TTVOSError, match="quantised already"):
        quantize(quantized)
    with pytest.raises(TTVOSError, match="a float network has no ranges"):
        calibrate(network, [clip])
    with pytest.raises(TTVOSError, match="no clip was given"):
        calibrate(quantized, [])


def test_training_reaches_every_weight_and_keeps_the_groups(networks, clip):
    _, quantized = networks  # changed here: the last test of this network
    trained = [v for part in quantized.parts for v in part.trainable_variables]
    optimizer = keras.optimizers.Adam(1e-2)
    with tf.GradientTape() as tape:
        loss = clip_loss(quantized, exact_batch(clip.frames[None], clip.masks[None]), LossWeights(5.0)).total
    gradients = tape.gradient(loss, trained)
    for variable, gradient in zip(trained, gradients, strict=True):
        assert gradient is not None and np.any(gradient), variable.name
    optimizer.apply_gradients(zip(gradients, trained, strict=True))
    blocks = [
        wrapped.layer
        for part in (quantized.encoder, quantized.segmentation_head)
        for wrapped in part.layers
        if isinstance(getattr(wrapped, "layer", None), BlockDiagonalConv2D)
    ]
    kernels = {f"{block.name}/kernel": variables(quantized)[f"{block.name}/kernel"].numpy() for block in blocks}
    assert len(kernels) == 4
    for block in blocks:
        assert not kernels[f"{block.name}/kernel"][:, :, block.mask == 0].any()
        assert kernels[f"{block.name}/kernel"][:, :, block.mask == 1].all()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.PReLU(name="odd"), "layer odd: cannot be quantised: no config for a PReLU"),
        (keras.layers.BatchNormalization(name="odd"), "no config for a BatchNormalization"),
        (
            keras.layers.Conv2D(4, 3, activation="relu", name="odd"),
            "layer odd: cannot be quantised with its activation",
        ),
        (keras.layers.Conv2D(4, 3, groups=2, name="odd"), "layer odd: cannot be quantised as a grouped convolution"),
    ],
)
def test_layers_without_a_config_are_named(layer, message):
    given = keras.Input((8, 8, 4))
    model = keras.Model(given, layer(given))
    with pytest.raises(TTVOSError, match=message):
        config_of(layer, readers(model), set())
