import numpy as np
import pytest

from ttvos_tf.backbones.dense_stem import with_dense_stem
from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras
from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model


@pytest.fixture(scope="module")
def published():
    return build_backbone("mobilenet_v2", height=64, width=96)


def test_maps_keep_their_shapes(published):
    dense = with_dense_stem(published)
    assert [t.shape for t in dense.model.outputs] == [t.shape for t in published.model.outputs]
    assert (dense.last_block, dense.laterals, dense.key_taps) == (
        published.last_block, published.laterals, published.key_taps,
    )  # fmt: skip


def test_no_depthwise_convolution_is_left_before_stride_8(published):
    for layer in with_dense_stem(published).model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            assert layer.output_shape[1] <= 64 // 16


def test_layers_behind_the_stem_are_the_published_ones(published):
    """Given the published stem's maps, they compute what they computed, and training one changes not the other."""
    with_stem = with_dense_stem(published)
    dense = with_stem.model
    frame = np.random.default_rng(0).uniform(-1, 1, (1, 64, 96, 3)).astype(np.float32)
    ends = [published.model.get_layer(name).output for name in published.stem]
    maps = keras.Model(published.model.input, ends)(frame)
    starts = [dense.get_layer(name).output for name in with_stem.stem]
    for got, expected in zip(keras.Model(starts, dense.outputs)(maps), published.model(frame), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)
    layer = dense.get_layer("block_6_expand")
    assert layer.kernel is not published.model.get_layer("block_6_expand").kernel


@pytest.mark.parametrize("backbone", ["hrnet", "resnet50"])
def test_a_backbone_without_a_stem_is_refused(backbone):
    with pytest.raises(TTVOSError, match="dense_stem: only the backbone mobilenet_v2 has a stem"):
        build_model(ModelConfig(backbone=backbone, dense_stem=True), height=64, width=64)
