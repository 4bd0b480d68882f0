import json

import numpy as np
import pytest

from tests.media.annotations.masks import MASKS, video, write_video
from ttvos_tf.media.annotations.coco import Coco, bounding_box, compressed, run_lengths
from ttvos_tf.media.annotations.names import Names


@pytest.fixture
def oracle():
    return pytest.importorskip("pycocotools.mask")


@pytest.mark.parametrize("name", [*MASKS, "noise", "none"])
def test_run_lengths_are_those_of_cocoapi(oracle, name):
    noise = np.random.default_rng(0).random((64, 96)) < 0.5
    mask = {"noise": noise, "none": np.zeros((64, 96), bool)}[name] if name in ("noise", "none") else MASKS[name]()
    counts = compressed(run_lengths(mask.T)).encode()
    assert counts == oracle.encode(np.asfortranarray(mask, np.uint8))["counts"]
    if mask.any():
        assert bounding_box(mask) == oracle.toBbox({"size": [64, 96], "counts": counts}).tolist()


def test_a_video_opened_by_cocoapi(oracle, tmp_path, capsys):
    from pycocotools.coco import COCO

    names, _, labels = video()
    write_video(Coco(tmp_path / "a.json", Names({2: 'a "ring"'})))
    coco = COCO(str(tmp_path / "a.json"))
    assert [image["file_name"] for image in coco.loadImgs([1, 2, 3, 4])] == [f"{name}.png" for name in names]
    assert {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())} == {1: "Object 1", 2: 'a "ring"'}
    for index, expected in enumerate(labels):
        found = np.zeros_like(expected)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=index + 1)):
            mask = coco.annToMask(annotation) > 0
            found[mask] = annotation["track_id"]
            assert annotation["category_id"] == annotation["track_id"] and annotation["area"] == mask.sum()
        assert np.array_equal(found, expected)


def test_objects_of_one_name_are_one_category(tmp_path):
    names, frames, labels = video()
    writer = Coco(tmp_path / "a.json", Names({1: "car", 2: "car"}))
    writer.add(names[0], frames[0], labels[0])
    writer.close()
    content = json.loads((tmp_path / "a.json").read_text())
    assert [(each["id"], each["name"]) for each in content["categories"]] == [(1, "car")]
    assert [(each["track_id"], each["category_id"]) for each in content["annotations"]] == [(1, 1), (2, 1)]


def test_a_video_without_objects(tmp_path):
    writer = Coco(tmp_path / "a.json", Names())
    writer.add("00000", np.zeros((5, 7, 3), np.uint8), np.zeros((5, 7), np.uint8))
    writer.close()
    content = json.loads((tmp_path / "a.json").read_text())
    assert (len(content["images"]), content["annotations"], content["categories"]) == (1, [], [])
