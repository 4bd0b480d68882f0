import numpy as np
import pytest

from ttvos_tf.layers import MemoryRead, UnitLength
from ttvos_tf.layers.memory_read import MAPS, PARTS


def unit(rng, *shape):
    x = rng.normal(size=shape)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def oracle(keys, memory, mask, sharpness):
    """Place by place, as the docstring says."""
    height, width, _ = keys.shape
    maps = np.zeros((height, width, MAPS))
    inside = mask[:, 0] / (mask.max() + 1e-3)
    for y, x in np.ndindex(height, width):
        cosine = memory @ keys[y, x]
        weight = np.exp(sharpness * (cosine - 1))
        of_target, of_rest = cosine + inside - 1, cosine - mask[:, 0]
        given, recent = np.split(np.arange(len(mask)), 2)
        parts = list(zip(np.split(given, PARTS), np.split(recent, PARTS), strict=True))
        targets, rests = (np.mean([v[np.concatenate(part)].max() for part in parts]) for v in (of_target, of_rest))
        carried = (weight * mask[:, 0]).sum() / (weight.sum() + 1e-6)
        target, rest = of_target.max(), of_rest.max()
        maps[y, x] = 2 * carried, 2 * target, 2 * rest, 4 * (target - rest), 2 * targets, 2 * rests
    return maps


@pytest.mark.parametrize("places", [8, 16, 40])
def test_maps_are_the_oracles(places):
    rng = np.random.default_rng(places)
    keys, memory = unit(rng, 2, 3, 5, 4), unit(rng, 2, places, 4)
    mask = rng.uniform(0, 1, (2, places, 1)).astype(np.float32)
    layer = MemoryRead()
    maps = layer([keys, memory, mask]).numpy()
    layer.sharpness.assign(7.0)
    sharper = layer([keys, memory, mask]).numpy()
    for index in range(2):
        np.testing.assert_allclose(maps[index], oracle(keys[index], memory[index], mask[index], 24.0), atol=2e-4)
        np.testing.assert_allclose(sharper[index], oracle(keys[index], memory[index], mask[index], 7.0), atol=2e-4)


def test_an_empty_mask_has_no_target_anywhere():
    rng = np.random.default_rng(3)
    maps = MemoryRead()([unit(rng, 1, 2, 2, 4), unit(rng, 1, 8, 4), np.zeros((1, 8, 1), np.float32)]).numpy()
    assert np.isfinite(maps).all() and np.all(maps[..., 0] == 0) and np.all(maps[..., 3] < 0)


def test_unit_length():
    x = np.random.default_rng(4).normal(size=(2, 3, 3, 5)).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(UnitLength()(x), axis=-1), 1, atol=1e-5)
    assert np.isfinite(UnitLength()(0 * x)).all()
