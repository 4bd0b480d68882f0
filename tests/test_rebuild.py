"""The rebuilt graph against the one it was made of, and who reads whom against the graph drawn by hand."""

import numpy as np
import pytest

from ttvos_tf.compat import keras
from ttvos_tf.rebuild import copy_layer, readers, rebuild


@pytest.fixture
def model():
    """Two inputs, named against the alphabet and joined twice; two outputs, one of which is read on.

    one -> conv -+-> add -> relu (output 1) -> last (output 0)
    two ---------+
    """
    keras.utils.set_random_seed(0)
    layers = keras.layers
    two, one = keras.Input((4, 6, 3), name="two"), keras.Input((4, 6, 2), name="one")
    conv = layers.Conv2D(3, 3, padding="same", name="conv")(one)
    relu = layers.ReLU(name="relu")(layers.Add(name="add")([conv, two]))
    return keras.Model([two, one], [layers.Conv2D(5, 1, name="last")(relu), relu], name="given")


def inputs(model):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(2, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]


def unless_input(replace):
    return lambda layer: None if isinstance(layer, keras.layers.InputLayer) else replace(layer)


def test_a_copy_computes_the_same_with_weights_of_its_own(model):
    copy = rebuild(model, unless_input(copy_layer))
    given, expected = inputs(model), model(inputs(model))
    assert (copy.name, copy.input_names, copy.output_names) == (model.name, model.input_names, model.output_names)
    for got, wanted in zip(copy(given), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    for variable in copy.variables:
        variable.assign(0 * variable)
    for got, wanted in zip(model(given), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_layer_that_is_left_out_hands_its_input_on(model):
    without = rebuild(model, unless_input(lambda layer: None if layer.name == "relu" else copy_layer(layer)))
    two, one = inputs(model)
    added = model.get_layer("conv")(one) + two
    np.testing.assert_allclose(without([two, one])[1], added, atol=1e-6)
    np.testing.assert_allclose(without([two, one])[0], model.get_layer("last")(added), atol=1e-5)


def test_a_function_in_the_place_of_a_layer(model):
    def replace(layer):
        return (lambda tensors: tensors[0] - tensors[1]) if layer.name == "add" else copy_layer(layer)

    two, one = inputs(model)
    expected = np.maximum(model.get_layer("conv")(one) - two, 0)
    np.testing.assert_allclose(rebuild(model, unless_input(replace))([two, one])[1], expected, atol=1e-6)


def test_an_input_of_more_channels_with_something_behind_it(model):
    """The first 3 of 4 channels are taken: the rest of the graph sees what it saw."""

    def replace(layer):
        if isinstance(layer, keras.layers.InputLayer):
            return (lambda tensor: tensor[..., :3]) if layer.name == "two" else None
        return copy_layer(layer)

    wider = rebuild(model, replace, channels={"two": 4})
    assert [tuple(tensor.shape[1:]) for tensor in wider.inputs] == [(4, 6, 4), (4, 6, 2)]
    two, one = inputs(model)
    more = np.concatenate([two, np.full_like(two[..., :1], 9)], axis=-1)
    for got, wanted in zip(wider([more, one]), model([two, one]), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_who_reads_whom(model):
    names = {name: [layer.name for layer in found] for name, found in readers(model).items()}
    assert names == {"one": ["conv"], "two": ["add"], "conv": ["add"], "add": ["relu"], "relu": ["last"], "last": []}
