"""Folded convolutions against the arithmetic of a batch norm, written out."""

import numpy as np
import pytest

from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.graph.folding import fold_batch_norms

LAYERS = keras.layers


def with_norm(convolution):
    """The convolution and a batch norm as if trained, between a layer before and a layer after."""
    keras.utils.set_random_seed(0)
    given = keras.Input((6, 8, 4))
    x = LAYERS.BatchNormalization(name="norm")(convolution(LAYERS.ReLU()(given)))
    model = keras.Model(given, LAYERS.ReLU(6.0)(x))
    rng = np.random.default_rng(0)
    for layer in (convolution, model.get_layer("norm")):
        layer.set_weights([rng.uniform(0.2, 1.5, value.shape).astype(np.float32) for value in layer.get_weights()])
    return model


@pytest.mark.parametrize(
    "convolution",
    [
        lambda: LAYERS.Conv2D(5, 3, name="conv"),
        lambda: LAYERS.Conv2D(5, 3, 2, padding="same", use_bias=False, name="conv"),
        lambda: LAYERS.DepthwiseConv2D(3, depth_multiplier=1, use_bias=False, name="conv"),
        lambda: LAYERS.DepthwiseConv2D(3, 2, padding="same", name="conv"),
    ],
    ids=["bias", "strides", "depthwise", "depthwise with bias"],
)
def test_values_stay(convolution):
    layer = convolution()
    model = with_norm(layer)
    folded = fold_batch_norms(model)
    assert [each.name for each in folded.layers if each.weights] == ["conv"]
    gamma, beta, mean, variance = model.get_layer("norm").get_weights()
    x = np.random.default_rng(1).normal(size=(2, 6, 8, 4)).astype(np.float32)
    convolved = np.asarray(layer(np.maximum(x, 0)), np.float64)
    expected = np.clip((convolved - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0, 6)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(folded(x), expected, atol=1e-4)


def test_a_convolution_that_is_read_elsewhere_too_is_refused():
    given = keras.Input((4, 4, 3))
    conv = LAYERS.Conv2D(3, 1)(given)
    model = keras.Model(given, LAYERS.Add()([conv, LAYERS.BatchNormalization(name="shared")(conv)]))
    with pytest.raises(TTVOSError, match="batch norm shared: cannot be folded"):
        fold_batch_norms(model)


def test_a_transposed_convolution_is_refused():
    given = keras.Input((4, 4, 3))
    model = keras.Model(given, LAYERS.BatchNormalization(name="up")(LAYERS.Conv2DTranspose(3, 2)(given)))
    with pytest.raises(TTVOSError, match="batch norm up: cannot be folded"):
        fold_batch_norms(model)
