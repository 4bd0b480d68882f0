import numpy as np
import pytest

from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import BACKBONES, ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model
from ttvos_tf.graph.folding import fold_batch_norms
from ttvos_tf.graph.rewrites import dense_groups, single_logit, subpixel_convolutions
from ttvos_tf.layers import ForegroundLogit, GroupedConv2D

MODEL = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)


def random_inputs(model, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(1, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]


def test_dense_groups_changes_no_value():
    for part in (MODEL.segmentation_head, MODEL.template_encoder):
        for layer in part.layers:
            if isinstance(layer, GroupedConv2D):
                layer.bias.assign(tf.random.normal(layer.bias.shape, seed=1))
        dense = dense_groups(part)
        assert not any(isinstance(layer, GroupedConv2D) for layer in dense.layers)
        inputs = random_inputs(part)
        for got, expected in zip(keras_list(dense(inputs)), keras_list(part(inputs)), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-5)


def test_single_logit_is_the_difference():
    inputs = random_inputs(MODEL.segmentation_head, 1)
    logit, similarity = MODEL.segmentation_head(inputs)
    assert np.std(logit) > 0.1
    rewritten = single_logit(MODEL.segmentation_head)
    np.testing.assert_allclose(rewritten(inputs)[0], logit, atol=1e-4)
    np.testing.assert_array_equal(rewritten(inputs)[1], similarity)
    assert not any(isinstance(layer, ForegroundLogit) for layer in rewritten.layers)


def test_subpixel_convolutions_change_no_value():
    head = MODEL.segmentation_head
    for layer in head.layers:
        if isinstance(layer, keras.layers.Conv2DTranspose) and layer.use_bias:
            layer.bias.assign(tf.random.normal(layer.bias.shape, seed=2))
    rewritten = subpixel_convolutions(head)
    assert not any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in rewritten.layers)
    inputs = random_inputs(head, 3)
    for got, expected in zip(rewritten(inputs), head(inputs), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_batch_norms_fold_into_their_convolutions(backbone):
    built = build_backbone(backbone, height=32, width=64)
    encoder = built.model
    rng = np.random.default_rng(2)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # as after training: nothing is 0 or 1
            layer.set_weights([rng.uniform(0.5, 1.5, v.shape).astype(np.float32) for v in layer.weights])
    folded = fold_batch_norms(encoder)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    assert [t.shape for t in folded.outputs] == [t.shape for t in encoder.outputs]
    kept = built.on(folded)
    assert kept.last_block and set(kept.last_block) < set(built.last_block)
    inputs = random_inputs(encoder)
    for got, expected in zip(folded(inputs), encoder(inputs), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-3 * np.abs(expected).max())


def test_a_batch_norm_without_a_convolution_is_named():
    given = keras.Input((4, 4, 3))
    model = keras.Model(given, keras.layers.BatchNormalization(name="alone")(keras.layers.ReLU()(given)))
    with pytest.raises(TTVOSError, match="batch norm alone: cannot be folded"):
        fold_batch_norms(model)


def keras_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


def test_original_keeps_its_weights():
    before = [v.numpy() for v in MODEL.segmentation_head.variables]
    dense = dense_groups(MODEL.segmentation_head)
    for variable in dense.variables:
        variable.assign(tf.zeros_like(variable))
    for variable, value in zip(MODEL.segmentation_head.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert isinstance(dense, keras.Model)
