import numpy as np

from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.export.rewrites import dense_groups, single_logit
from ttvos_tf.layers import GroupedConv2D
from ttvos_tf.model import build_model

MODEL = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)


def random_inputs(model, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(1, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]


def test_dense_groups_changes_no_value():
    for part in (MODEL.segmenter, MODEL.embedder):
        for layer in part.layers:
            if isinstance(layer, GroupedConv2D):
                layer.bias.assign(tf.random.normal(layer.bias.shape, seed=1))
        dense = dense_groups(part)
        assert not any(isinstance(layer, GroupedConv2D) for layer in dense.layers)
        inputs = random_inputs(part)
        for got, expected in zip(keras_list(dense(inputs)), keras_list(part(inputs)), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-5)


def test_single_logit_is_the_difference():
    inputs = random_inputs(MODEL.segmenter, 1)
    logits, _ = MODEL.segmenter(inputs)
    assert np.std(logits) > 0.1
    np.testing.assert_allclose(
        single_logit(MODEL.segmenter)(inputs)[..., 0], logits[..., 1] - logits[..., 0], atol=1e-4
    )


def keras_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


def test_original_keeps_its_weights():
    before = [v.numpy() for v in MODEL.segmenter.variables]
    dense = dense_groups(MODEL.segmenter)
    for variable in dense.variables:
        variable.assign(tf.zeros_like(variable))
    for variable, value in zip(MODEL.segmenter.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert isinstance(dense, keras.Model)
