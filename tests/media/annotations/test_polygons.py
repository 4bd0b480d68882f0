import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from tests.media.annotations.masks import MASKS, ring
from tests.metrics import iou
from ttvos_tf.media.annotations.polygons import joined, polygons


def drawn(polygon, size):
    return cv2.fillPoly(np.zeros(size, np.uint8), [polygon], 1) > 0


def drawn_by_pillow(polygon, size):
    image = Image.fromarray(np.zeros(size, np.uint8))
    ImageDraw.Draw(image).polygon([tuple(corner) for corner in polygon.tolist()], outline=1, fill=1)
    return np.asarray(image) > 0


@pytest.mark.parametrize("name", MASKS)
def test_parts_drawn_by_opencv_are_the_mask(name):
    mask = MASKS[name]()
    parts = polygons(mask)
    assert all(len(part) >= 3 and part.shape[1] == 2 for part in parts)
    assert np.array_equal(np.any([drawn(part, mask.shape) for part in parts], axis=0), mask)


@pytest.mark.parametrize("name", MASKS)
def test_parts_drawn_by_pillow_are_nearly_the_mask(name):
    mask = MASKS[name]()
    found = np.any([drawn_by_pillow(part, mask.shape) for part in polygons(mask)], axis=0)
    assert iou(found, mask) > 0.97


@given(arrays(bool, (9, 12), elements=st.booleans()))
def test_any_mask(mask):
    parts = polygons(mask)
    found = np.any([drawn(part, mask.shape) for part in parts], axis=0) if parts else np.zeros_like(mask)
    assert np.array_equal(found & mask, mask), "nothing is lost"
    assert not (found & ~mask).any() or cv2.connectedComponents((~mask).astype(np.uint8))[0] > 2, "a cut crosses holes"


def test_one_polygon_of_parts_is_the_mask_and_thin_cuts():
    mask = ring()
    parts = polygons(mask)
    assert len(parts) == 3
    areas = [drawn(part, mask.shape).sum() for part in parts]
    assert areas == sorted(areas, reverse=True)
    found = drawn(joined(parts), mask.shape)
    assert np.array_equal(found & mask, mask)
    extra = (found & ~mask).astype(np.uint8)
    assert 0 < extra.sum() < 60 and not cv2.erode(extra, np.ones((2, 2))).any()


def test_nothing_has_no_polygon():
    assert polygons(np.zeros((5, 5), bool)) == []
