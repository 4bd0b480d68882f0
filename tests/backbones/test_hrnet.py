import numpy as np
import pytest

from tests.backbones.numpy_hrnet import random_state
from ttvos_tf.backbones import hrnet
from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection.operators import operators


@pytest.fixture(scope="module")
def backbone():
    return hrnet.build(weights=None, height=48, width=80)


@pytest.fixture(scope="module")
def model(backbone):
    return backbone.model


@pytest.mark.parametrize(("height", "width"), [(480, 864), (240, 432), (32, 32)])
def test_output_shapes(height, width):
    outputs = hrnet.build(weights=None, height=height, width=width).model.outputs
    sizes = [(1, height // stride, width // stride, c) for stride, c in ((4, 16), (8, 32), (16, 192))]
    assert [(1, *output.shape[1:]) for output in outputs] == sizes


def test_variables_are_the_state_dict(model):
    """Every tensor of the official state dict has its variable, found by the layer's name, and no variable is left."""
    parts = {"running_mean": "moving_mean", "running_var": "moving_variance", "bias": "beta"}
    shapes = {}
    for name, array in random_state().items():
        layer, _, part = name.rpartition(".")
        if part != "num_batches_tracked":
            part = parts.get(part, "kernel" if array.ndim == 4 else "gamma")
            shapes[f"{layer}/{part}:0"] = array.transpose(2, 3, 1, 0).shape if array.ndim == 4 else array.shape
    assert {variable.name: tuple(variable.shape) for variable in model.variables} == shapes


def test_last_block_is_stage_4(backbone, model):
    frozen = [layer.name for layer in model.layers if layer.weights and layer.name not in backbone.last_block]
    assert all(model.get_layer(name) for name in backbone.last_block)
    assert {name.split(".")[0] for name in backbone.last_block} == {"stage4"}
    assert not any(name.startswith("stage4") for name in frozen) and "transition3.3.0.0" in frozen


def test_batch_norm_is_pytorchs(model):
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 71 and {layer.epsilon for layer in norms} == {1e-5}


def test_sums_are_of_two(model):
    """The inner sums of a longer Add would stay in float after int8 conversion."""
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == 39 and {len(layer.input) for layer in sums} == {2}


def test_features_are_of_about_unit_variance(model):
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 48, 80, 3)).astype(np.float32)
    deviations = [float(tf.math.reduce_std(output)) for output in model(frames, training=True)]
    assert all(0.5 < deviation < 3 for deviation in deviations), deviations


def test_survives_its_config(model):
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    frame = np.random.default_rng(0).uniform(-1, 1, (1, 48, 80, 3)).astype(np.float32)
    for old, new in zip(model(frame), again(frame), strict=True):
        np.testing.assert_allclose(old, new, atol=1e-4 * np.max(old))  # sums on several threads


def test_converts_to_builtin_operators_only(model):
    from ai_edge_litert.interpreter import Interpreter

    function = tf.function(lambda frame: model(frame), input_signature=[tf.TensorSpec((1, 48, 80, 3))])
    holder = tf.Module()
    holder.held = model.variables  # not the Keras model, which takes half a minute to save
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], holder)
    content = converter.convert()
    (counts,) = operators(content).values()
    assert {name for name, _ in counts} <= {"CONV_2D", "ADD", "PAD", "CONCATENATION", "RESIZE_BILINEAR"}
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()

    frame = np.random.default_rng(0).uniform(-1, 1, (1, 48, 80, 3)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], frame)
    interpreter.invoke()
    lite = {
        details["shape"][-1]: interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()
    }
    for output in model(frame):
        np.testing.assert_allclose(lite[output.shape[-1]], output, atol=1e-5 * np.abs(output).max())


def test_bad_weights(tmp_path, model):
    with pytest.raises(TTVOSError, match=r"'imagenet': expected an \.npz file"):
        build_backbone("hrnet", weights="imagenet", height=32, width=32)
    arrays = {variable.name.removesuffix(":0"): variable.numpy() for variable in model.variables}
    path = str(tmp_path / "w.npz")
    for change, message in (
        ({"bn1/gamma": np.ones(3, np.float32)}, r"w.npz: tensor bn1/gamma has shape \(3,\), expected \(64,\)"),
        ({"conv2/kernel": None}, "w.npz: tensor conv2/kernel is missing"),
    ):
        np.savez(path, **{name: value for name, value in {**arrays, **change}.items() if value is not None})
        with pytest.raises(TTVOSError, match=message):
            build_backbone("hrnet", weights=path, height=32, width=32)
