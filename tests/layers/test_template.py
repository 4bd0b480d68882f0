"""Eq. 1, 2 and 3 against NumPy written from the paper."""

import numpy as np

from ttvos_tf.layers import TemplateEmbedding, TemplateMatch, TemplateUpdate, running_mean


def softmax_rows(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def embedding(f, g):
    """Eq. 1 of one image: f, g (H, W, c) -> (c, c), with the dot products scaled by 1/sqrt(H W) at 240x432."""
    positions = f.shape[0] * f.shape[1]
    products = np.array([[(f[..., i] * g[..., j]).sum() for j in range(f.shape[2])] for i in range(f.shape[2])])
    return softmax_rows(products / positions * np.sqrt(30 * 54))


def test_embedding_is_equation_1():
    rng = np.random.default_rng(0)
    f, g = rng.normal(size=(2, 3, 5, 6, 4)).astype(np.float32)
    got = TemplateEmbedding()([f, g]).numpy()
    for b in range(3):
        np.testing.assert_allclose(got[b], embedding(f[b], g[b]), atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=2), 1, atol=1e-6)


def test_embedding_does_not_saturate_at_full_size():
    rng = np.random.default_rng(1)
    f, g = rng.normal(size=(2, 1, 60, 108, 32)).astype(np.float32)
    assert TemplateEmbedding()([f, g]).numpy().max() < 0.5


def test_embedding_is_as_sharp_at_every_size():
    f, g = np.random.default_rng(6).normal(size=(2, 1, 30, 54, 8)).astype(np.float32)
    large = (each.repeat(2, axis=1).repeat(2, axis=2) for each in (f, g))
    np.testing.assert_allclose(TemplateEmbedding()(list(large)), TemplateEmbedding()([f, g]), atol=1e-6)


def test_match_is_equation_3():
    rng = np.random.default_rng(2)
    template, query = rng.normal(size=(2, 4, 4)).astype(np.float32), rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    got = TemplateMatch()([template, query]).numpy()
    for b, y, x in np.ndindex(2, 3, 5):
        np.testing.assert_allclose(got[b, y, x], template[b] @ query[b, y, x], atol=1e-5)


def test_update_is_equation_2():
    rng = np.random.default_rng(3)
    embeddings = rng.random((6, 2, 4, 4)).astype(np.float32)
    layer = TemplateUpdate(batch_size=2)
    template = np.zeros((2, 4, 4))
    for t, each in enumerate(embeddings, start=1):
        template = (t - 1) / t * template + each / t
        np.testing.assert_allclose(layer(each), template, atol=1e-6)
    np.testing.assert_allclose(layer.template, embeddings.mean(axis=0), atol=1e-6)


def test_layer_and_function_agree():
    embeddings = np.random.default_rng(4).random((4, 1, 3, 3)).astype(np.float32)
    layer, template = TemplateUpdate(), np.zeros((1, 3, 3), np.float32)
    for t, each in enumerate(embeddings, start=1):
        template = running_mean(template, each, np.array([1 / t], np.float32))
        np.testing.assert_allclose(layer(each), template, atol=1e-6)


def test_reset_forgets():
    first, second = np.random.default_rng(5).random((2, 1, 3, 3)).astype(np.float32)
    layer = TemplateUpdate()
    layer(first)
    layer.reset_states()
    np.testing.assert_array_equal(layer(second), second)
