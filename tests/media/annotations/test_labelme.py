import importlib.util
import json

import cv2
import numpy as np
import pytest

from tests.media.annotations.masks import video, write_video
from tests.metrics import iou
from ttvos_tf.media.annotations.labelme import Labelme
from ttvos_tf.media.annotations.names import Names


@pytest.fixture
def written(tmp_path):
    write_video(Labelme(tmp_path, Names({2: "ring"})))
    return tmp_path


def test_a_file_beside_each_frame(written):
    names, _, labels = video()
    assert sorted(path.name for path in written.iterdir()) == sorted(f"{n}.{s}" for n in names for s in ("jpg", "json"))
    for name, expected in zip(names, labels, strict=True):
        content = json.loads((written / f"{name}.json").read_text())
        assert (content["imagePath"], content["imageHeight"], content["imageWidth"]) == (f"{name}.jpg", 64, 96)
        found = np.zeros_like(expected)
        for shape in content["shapes"]:
            assert (shape["label"], shape["shape_type"]) == ({1: "Object 1", 2: "ring"}[shape["group_id"]], "polygon")
            cv2.fillPoly(found, [np.int32(shape["points"])], shape["group_id"])
        assert np.array_equal(found, expected)


@pytest.mark.slow
def test_opened_by_labelme(written):
    reader = pytest.importorskip("labelme._label_file")
    newest = importlib.util.find_spec("labelme._utils")
    drawing = importlib.import_module("labelme._utils" if newest else "labelme.utils")  # of version 7, and of 6
    names, _, labels = video()
    for name, expected in zip(names, labels, strict=True):
        content = reader.read_label_file(filename=str(written / f"{name}.json"))
        assert len(content.image_data) == (written / f"{name}.jpg").stat().st_size
        _, found = drawing.shapes_to_label(
            img_shape=(64, 96), shapes=content.shapes, label_name_to_value={"Object 1": 1, "ring": 2}
        )
        for object_id in np.unique(expected[expected > 0]):
            assert iou(found == object_id, expected == object_id) > 0.97
