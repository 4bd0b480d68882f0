from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from tests.media.annotations.masks import video, write_video
from tests.metrics import iou
from ttvos_tf.media.annotations.cvat import Cvat
from ttvos_tf.media.annotations.names import Names

NAME = 'a <"ring"> & more'


@pytest.fixture
def written(tmp_path):
    write_video(Cvat(tmp_path / "annotations.xml", Names({2: NAME})))
    return tmp_path / "annotations.xml"


def drawn(points, size=(64, 96)):
    """A polygon as CVAT stores it, numbers one after the other."""
    return cv2.fillPoly(np.zeros(size, np.uint8), [np.floor(points).astype(np.int32).reshape(-1, 2)], 1) > 0


def test_a_track_is_an_object_and_says_where_it_is_away(written):
    root = ElementTree.parse(written).getroot()
    assert root.findtext("version") == "1.1" and root.findtext("meta/task/size") == "4"
    assert [each.text for each in root.iter("name")] == ["Object 1", NAME]
    _, _, labels = video()
    tracks = root.findall("track")
    assert [track.get("label") for track in tracks] == ["Object 1", NAME]
    for object_id, track in enumerate(tracks, start=1):
        assert [shape.get("frame") for shape in track] == ["0", "1", "2", "3"]
        for shape, expected in zip(track, labels, strict=True):
            there = (expected == object_id).any()
            assert shape.get("outside") == ("0" if there else "1") and shape.get("keyframe") == "1"
            if there:
                points = np.array([pair.split(",") for pair in shape.get("points").split(";")], float)
                assert iou(drawn(points), expected == object_id) > 0.97


def test_an_object_that_stays_away_is_outside_once(tmp_path):
    writer = Cvat(tmp_path / "a.xml", Names())
    for there in (True, False, False):
        writer.add("", np.zeros((9, 9, 3), np.uint8), np.full((9, 9), there, np.uint8))
    writer.close()
    shapes = ElementTree.parse(tmp_path / "a.xml").getroot().findall("track/polygon")
    assert [(shape.get("frame"), shape.get("outside")) for shape in shapes] == [("0", "0"), ("1", "1")]


@pytest.mark.slow
def test_opened_by_datumaro(written):
    datumaro = pytest.importorskip("datumaro")
    data = datumaro.Dataset.import_from(str(written), "cvat")
    assert [each.name for each in data.categories()[datumaro.AnnotationType.label]] == ["Object 1", NAME]
    _, _, labels = video()
    seen = 0
    for item in data:
        expected = labels[item.attributes["frame"]]
        for shape in item.annotations:
            if not shape.attributes["outside"]:
                assert shape.attributes["track_id"] == shape.label
                assert iou(drawn(np.array(shape.points)), expected == shape.label + 1) > 0.97
                seen += 1
    assert seen == 7
