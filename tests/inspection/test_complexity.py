import numpy as np
import pytest

from tests.backbones import numpy_hrnet
from ttvos_tf.compat import keras
from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model
from ttvos_tf.inspection.complexity import costs, multiply_adds, parameters
from ttvos_tf.layers import GroupedConv2D, MemoryRead, TemplateEmbedding, TemplateMatch

layers = keras.layers


@pytest.mark.parametrize(
    ("layer", "inputs", "products", "values"),
    [
        (layers.Conv2D(5, 3, padding="same"), (4, 6, 2), 4 * 6 * 5 * 9 * 2, 9 * 2 * 5 + 5),
        (layers.Conv2D(5, 3, strides=2, padding="same"), (4, 6, 2), 2 * 3 * 5 * 9 * 2, 9 * 2 * 5 + 5),
        (layers.Conv2D(6, 3, padding="same", groups=2), (4, 6, 4), 4 * 6 * 6 * 9 * 2, 9 * 2 * 6 + 6),
        (layers.DepthwiseConv2D(3, padding="same"), (4, 6, 5), 4 * 6 * 5 * 9, 9 * 5 + 5),
        (layers.Conv2DTranspose(5, 4, strides=2, padding="same"), (4, 6, 2), 4 * 6 * 16 * 2 * 5, 16 * 2 * 5 + 5),
        (layers.Dense(5), (7,), 7 * 5, 7 * 5 + 5),
        (GroupedConv2D(8, 5, 4), (4, 6, 8), 4 * 6 * 8 * 25 * 4, 25 * 4 * 8 + 8),
        (layers.BatchNormalization(), (4, 6, 5), 0, 10),
        (layers.ReLU(), (4, 6, 5), 0, 0),
    ],
)
def test_counts_of_layers(layer, inputs, products, values):
    layer(layers.Input(inputs))
    assert multiply_adds(layer) == products
    assert parameters(layer) == values


def test_counts_of_matrix_products():
    maps = layers.Input((4, 6, 3))
    for layer, inputs in ((TemplateEmbedding(), [maps, maps]), (TemplateMatch(), [layers.Input((3, 3)), maps])):
        layer(inputs)
        assert multiply_adds(layer) == 4 * 6 * 3 * 3
    read = MemoryRead()
    read([layers.Input((4, 6, 3)), layers.Input((10, 3)), layers.Input((10, 1))])
    assert multiply_adds(read) == 4 * 6 * 10 * 3 + 4 * 6 * 10 * 2  # cosines; the carried mask and its weight
    assert parameters(read) == 1


def test_an_unknown_layer_is_not_counted_as_nothing():
    layer = layers.Conv1D(2, 3, name="odd")
    layer(layers.Input((8, 4)))
    with pytest.raises(TypeError, match="odd"):
        multiply_adds(layer)


def test_hrnet_costs_what_its_numpy_twin_computes(monkeypatch):
    counted = []

    def convolve(x, kernel, stride):
        height, width = (-(-side // stride) for side in x.shape[:2])
        counted.append(height * width * kernel.size)
        return np.zeros((height, width, kernel.shape[0]))

    monkeypatch.setattr(numpy_hrnet, "convolve", convolve)
    state = numpy_hrnet.random_state()
    numpy_hrnet.forward(state, np.zeros((48, 80, 3)))
    trained = [array.size for name, array in state.items() if name.endswith((".weight", ".bias"))]

    cost = costs(build_model(ModelConfig(backbone="hrnet"), height=48, width=80))["backbone"]

    assert cost.multiply_adds == sum(counted)
    assert cost.parameters == sum(trained)


@pytest.mark.parametrize(
    "switch", [{}, {"short_term": False}, {"long_term": False}, {"update_gate": True}, {"key_channels": 4}]
)
def test_parts_sum_up_to_the_network(switch):
    model = build_model(ModelConfig(**switch), height=64, width=64)
    total = sum(cost.parameters for cost in costs(model).values())
    statistics = sum(v.shape[0] for v in model.encoder.variables if "moving_" in v.name)
    assert total == sum(part.count_params() for part in model.parts) - statistics
