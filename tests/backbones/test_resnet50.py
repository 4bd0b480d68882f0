import numpy as np
import pytest

from ttvos_tf.backbones import resnet50
from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.graph.folding import fold_batch_norms
from ttvos_tf.quantization.configs import config_of
from ttvos_tf.rebuild import readers

HEIGHT, WIDTH = 64, 96


@pytest.fixture(scope="module")
def original():
    """keras.applications' network with random weights and batch statistics; activations stay near one."""
    keras.utils.set_random_seed(0)
    model = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(HEIGHT, WIDTH, 3))
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape[0]
            ranges = ((0.3, 0.8), (-0.3, 0.3), (-0.5, 0.5), (0.5, 2))
            layer.set_weights([rng.uniform(*limits, size) for limits in ranges])
        elif layer.name == "conv1_conv":
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel / 128, rng.normal(size=bias.shape)])
    return model


@pytest.fixture(scope="module", params=["weights_notop.h5", "weights.npz"])
def weights(request, original, tmp_path_factory):
    path = tmp_path_factory.mktemp("resnet50") / request.param
    if path.suffix == ".h5":
        original.save_weights(path)
    else:
        np.savez(path, **{variable.name.removesuffix(":0"): variable.numpy() for variable in original.variables})
    return str(path)


def taps(model):
    return keras.Model(model.input, [model.get_layer(name).output for name in resnet50.TAPS])


def test_our_frames_give_what_caffe_frames_gave(original, weights):
    model = build_backbone("resnet50", weights=weights, height=HEIGHT, width=WIDTH).model
    pixels = np.random.default_rng(1).integers(0, 256, (2, HEIGHT, WIDTH, 3)).astype(np.float32)
    expected = taps(original)(keras.applications.resnet50.preprocess_input(pixels.copy()))
    for ours, theirs in zip(taps(model)(pixels / 127.5 - 1), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.fixture(scope="module")
def backbone():
    return resnet50.build(weights=None, height=48, width=80)


@pytest.fixture(scope="module")
def model(backbone):
    return backbone.model


def test_output_shapes_and_scale(model):
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 48, 80, 3)).astype(np.float32)
    outputs = model(frames, training=True)
    assert [tuple(each.shape) for each in outputs] == [(2, 12, 20, 16), (2, 6, 10, 32), (2, 3, 5, 128)]
    assert all(abs(float(tf.math.reduce_std(each)) - 1) < 0.05 for each in outputs)


def test_last_block_and_laterals(backbone, model):
    names = {layer.name for layer in model.layers}
    assert set(backbone.laterals) < set(backbone.last_block) < names
    trained = {name for name in backbone.last_block if model.get_layer(name).weights}
    assert {name.split("_")[0] for name in trained} == {"conv4", "lateral4", "lateral8", "lateral16"}
    assert not any(name.startswith("conv5") for name in names)


def test_every_layer_can_be_quantised(model):
    folded = fold_batch_norms(model)
    read_by = readers(folded)
    configs = {layer.name: config_of(layer, read_by, set()) for layer in folded.layers[1:]}
    assert len(configs) > 100 and configs["conv2_block1_out"].output and not configs["conv2_block1_add"].output


def test_bad_weights(tmp_path):
    (tmp_path / "w.h5").write_bytes(b"hello")
    for name, message in (("none.h5", "no such weights file"), ("w.h5", "expected keras.applications' ResNet50")):
        with pytest.raises(TTVOSError, match=rf"{name}: {message}"):
            build_backbone("resnet50", weights=str(tmp_path / name), height=32, width=32)
    keras.Sequential([keras.layers.Dense(2, input_shape=(3,))]).save_weights(tmp_path / "other.h5")
    with pytest.raises(TTVOSError, match=r"other.h5: expected keras.applications' ResNet50"):
        build_backbone("resnet50", weights=str(tmp_path / "other.h5"), height=32, width=32)
