"""Following what is drawn, from file to file, without a window."""

import json

import numpy as np
import pytest

from tests.clips import clip, write_frames, write_video
from tests.labelling.test_annotation import drawn
from tests.metrics import iou
from ttvos_tf.errors import TTVOSError
from ttvos_tf.labelling.annotation import Object, given_objects, object_of
from ttvos_tf.labelling.follow import follow, remove_tracked
from ttvos_tf.labelling.frames import frames_of
from ttvos_tf.media.annotations.labelme import Labelme, is_tracked
from ttvos_tf.media.annotations.names import Names
from ttvos_tf.runtime import Tracker, open_source

LENGTH, SIZE = 8, (192, 288)
CAR, DOG = Object("car", 1), Object("dog", 2)


@pytest.fixture(scope="module")
def tracker():
    return Tracker("mobilenet_v2_240x432_int8")


@pytest.fixture(scope="module")
def truth():
    return clip(LENGTH, ids=(1, 2), size=SIZE)


@pytest.fixture
def images(tmp_path, truth):
    write_frames(tmp_path / "walk", truth[0])
    return sorted((tmp_path / "walk").iterdir())


def file_of(image):
    return image.with_suffix(".json")


def shapes_of(image):
    return json.loads(file_of(image).read_text())["shapes"] if file_of(image).exists() else []


def objects_of(image):
    return {object_of(shape) for shape in shapes_of(image)}


def draw(image, *shapes):
    """Saves shapes as labelme does."""
    content = {"version": "7.9.1", "flags": {"seen": True}, "shapes": list(shapes), "imagePath": image.name}
    file_of(image).write_text(json.dumps({**content, "imageData": None, "imageHeight": SIZE[0], "imageWidth": SIZE[1]}))


def box_of(mask):
    ys, xs = np.nonzero(mask)
    left, top, right, bottom = xs.min(), ys.min(), xs.max(), ys.max()
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def polygon(mask, label="car", group=None):
    return drawn(label, group, points=box_of(mask))


def run(*arguments):
    return list(follow(*arguments))


def test_what_is_drawn_is_followed(tracker, truth, images):
    masks = truth[1]
    corners = box_of(masks[0] == 2)
    line = drawn("road", None, "line", [(0, 0), (50, 50)])
    draw(images[0], polygon(masks[0] == 1), drawn("dog", kind="rectangle", points=[corners[0], corners[2]]), line)
    draw(images[3], line)
    done = run(tracker, images, file_of)
    assert [each.image for each in done] == images and all(each.shapes >= 2 for each in done)
    assert objects_of(images[0]) == {CAR, DOG, None} and not any(map(is_tracked, shapes_of(images[0])))
    for index, image in enumerate(images[1:], start=1):
        shapes = shapes_of(image)
        assert (line in shapes) == (index == 3)
        found = given_objects(shapes, SIZE, tracked_too=True)
        assert iou(found[CAR].covered, masks[index] == 1) > 0.7 and iou(found[DOG].covered, masks[index] == 2) > 0.7
        assert all(is_tracked(shape) for shape in shapes if shape != line)
    assert json.loads(file_of(images[3]).read_text())["flags"] == {"seen": True}


def test_a_correction_stays_and_is_followed_on(tracker, truth, images):
    masks = truth[1]
    draw(images[0], polygon(masks[0] == 1, group=1))
    run(tracker, images, file_of)
    before = [shapes_of(image) for image in images]
    # In frame 4 somebody draws the car elsewhere, without a group; the tracker must take it from there.
    correction = polygon(masks[4] == 2)
    draw(images[4], correction)
    run(tracker, images[4:], file_of, images[:4])
    assert [shapes_of(image) for image in images[:4]] == before[:4]
    assert shapes_of(images[4]) == [{**correction, "group_id": 1}]

    def car_in(index):
        return given_objects(shapes_of(images[index]), SIZE, tracked_too=True)[CAR].covered

    assert iou(car_in(6), masks[6] == 2) > 0.7
    # From the first frame again: the correction wins on its frame, and from there on.
    run(tracker, images, file_of)
    assert shapes_of(images[4]) == [{**correction, "group_id": 1}]
    assert iou(car_in(3), masks[3] == 1) > 0.7 and iou(car_in(6), masks[6] == 2) > 0.7


def test_an_object_joins_where_it_is_drawn_and_one_that_is_not_followed_stays(tracker, truth, images):
    masks = truth[1]
    draw(images[0], polygon(masks[0] == 1, group=1))
    draw(images[2], polygon(masks[2] == 2, "dog", 2))
    run(tracker, images, file_of)
    assert [DOG in objects_of(image) for image in images] == [index >= 2 for index in range(LENGTH)]
    cars = [[shape for shape in shapes_of(image) if object_of(shape) == CAR] for image in images]
    draw(images[5], polygon(masks[5] == 2, "dog", 2))
    run(tracker, images[5:], file_of, images[:5])
    later = [[shape for shape in shapes_of(image) if object_of(shape) == CAR] for image in images]
    assert later[6:] == cars[6:] and cars[6]


def test_backwards(tracker, truth, images):
    masks = truth[1]
    draw(images[5], polygon(masks[5] == 1))
    run(tracker, images[5::-1], file_of, images[6:])
    found = given_objects(shapes_of(images[0]), SIZE, tracked_too=True)
    assert iou(found[CAR].covered, masks[0] == 1) > 0.7
    assert not file_of(images[6]).exists()


def test_what_left_is_removed_later(tracker, truth, images):
    masks = truth[1]
    draw(images[0], polygon(masks[0] == 1, group=1), polygon(masks[0] == 2, "dog", 2))
    run(tracker, images, file_of)
    draw(images[6], *shapes_of(images[6]), polygon(masks[6] == 2, "dog", 2))  # by hand: stays
    draw(images[3], *[shape for shape in shapes_of(images[3]) if object_of(shape) != DOG])
    assert remove_tracked(images[3:], file_of) == LENGTH - 4
    assert [DOG in objects_of(image) for image in images] == [True] * 3 + [False] * 3 + [True, False]
    assert all(CAR in objects_of(image) for image in images)


def test_what_was_written_by_segment_counts_as_tracked(truth, tmp_path):
    frames, masks = truth
    written = Labelme(tmp_path, Names({1: "car", 2: "dog"}))
    written.add("0", frames[0], masks[0])
    shapes = json.loads((tmp_path / "0.json").read_text())["shapes"]
    assert {object_of(shape) for shape in shapes} == {CAR, DOG} and all(map(is_tracked, shapes))


def test_errors_are_one_line_and_leave_what_is_done(tracker, truth, images):
    with pytest.raises(TTVOSError, match=r"00000.png: there is nothing to follow: draw a polygon or a box"):
        run(tracker, images, file_of)
    draw(images[0], polygon(truth[1][0] == 1))
    images[3].write_bytes(b"no picture")
    done = []
    with pytest.raises(TTVOSError, match=r"00003.png: cannot be read as an image"):
        done.extend(each.image for each in follow(tracker, images, file_of))
    assert file_of(images[2]).exists() and not file_of(images[3]).exists()


def test_frames_of_a_video_are_made_once(tmp_path, monkeypatch):
    from ttvos_tf.sample.render import VIDEO

    monkeypatch.chdir(tmp_path)
    folder = frames_of(VIDEO)
    assert str(folder) == "results/sample_labelme" and len(list(folder.glob("*.jpg"))) == 80
    (folder / "00000.jpg").unlink()
    assert frames_of(VIDEO) == folder and len(list(folder.glob("*.jpg"))) == 79
    assert frames_of(folder) == folder
    with pytest.raises(TTVOSError, match="is a folder of frames already"):
        frames_of(folder, tmp_path / "other")
    with pytest.raises(TTVOSError, match="no such video"):
        frames_of(tmp_path / "gone.mp4", folder)


def test_videos_of_one_name_never_share_the_default_folder(tmp_path, monkeypatch, truth):
    monkeypatch.chdir(tmp_path)
    for name, length in (("a", 2), ("b", 3)):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "walk.avi", truth[0][:length])
    folder = frames_of(tmp_path / "a/walk.avi")
    with pytest.raises(TTVOSError, match=r"results/walk_labelme: has the frames of another video, 'walk.avi' of \d+ b"):
        frames_of(tmp_path / "b/walk.avi")
    (tmp_path / "a").rename("moved")
    assert frames_of(tmp_path / "moved/walk.avi") == folder
    assert open_source(folder).count == 2
