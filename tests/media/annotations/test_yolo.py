from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.annotations.masks import video, write_video
from tests.metrics import iou
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.media.annotations.yolo import Yolo


@pytest.fixture
def written(tmp_path):
    write_video(Yolo(tmp_path, Names({2: 'a "ring"'})))
    return tmp_path


def test_a_data_set(written):
    names, frames, labels = video()
    assert sorted(path.name for path in written.iterdir()) == ["data.yaml", "images", "labels"]
    for name, frame, expected in zip(names, frames, labels, strict=True):
        image = cv2.imread(str(written / "images" / f"{name}.jpg"))[..., ::-1]
        assert np.abs(image.astype(int) - frame).mean() < 6
        found = np.zeros_like(expected)
        for line in (written / "labels" / f"{name}.txt").read_text().splitlines():
            index, *corners = line.split()
            # As the training code of Ultralytics draws them: float32, times the size, fractions cut off.
            corners = (np.float32(corners).reshape(-1, 2) * np.float32([96, 64])).astype(np.int32)
            cv2.fillPoly(found, [corners], int(index) + 1)
        assert iou(found == 1, expected == 1) == 1
        assert iou(found == 2, expected == 2) > 0.97 if name != "00002" else not (found == 2).any()


def test_a_frame_without_objects_has_an_empty_file(tmp_path):
    writer = Yolo(tmp_path, Names())
    writer.add("00000", np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8))
    assert (tmp_path / "labels/00000.txt").read_text() == ""


@pytest.mark.slow
def test_opened_by_supervision(written):
    supervision = pytest.importorskip("supervision")
    data = supervision.DetectionDataset.from_yolo(
        str(written / "images"), str(written / "labels"), str(written / "data.yaml"), force_masks=True
    )
    assert data.classes == ["Object 1", 'a "ring"']
    _, _, labels = video()
    seen = 0
    for path, _, detections in data:
        expected = labels[int(Path(path).stem)]
        for mask, index in zip(detections.mask, detections.class_id, strict=True):
            assert iou(mask, expected == index + 1) > 0.95, path
            seen += 1
    assert seen == 7
