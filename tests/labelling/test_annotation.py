import base64
import json

import cv2
import numpy as np
import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.labelling.annotation import Object, area, given_objects, read_annotation, with_groups
from ttvos_tf.media.annotations.labelme import is_tracked, tracked_shape

SIZE = (40, 60)


def drawn(label="car", group=None, kind="polygon", points=((5, 5), (20, 5), (20, 15), (5, 15)), **more):
    """A shape as labelme writes it."""
    points = [list(map(float, point)) for point in points]
    return {"label": label, "points": points, "group_id": group, "shape_type": kind, "flags": {}, **more}


def pixels(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[rows, columns] = True
    return mask


def test_areas():
    square = pixels(slice(5, 16), slice(5, 21))
    assert np.array_equal(area(drawn(), SIZE), square)
    assert np.array_equal(area(drawn(kind="rectangle", points=[(20, 15), (5, 5)]), SIZE), square)
    assert np.array_equal(area(drawn(kind="oriented_rectangle"), SIZE), square)
    y, x = np.indices(SIZE)
    circle = area(drawn(kind="circle", points=[(30, 20), (30, 30)]), SIZE)
    assert circle[(x - 30) ** 2 + (y - 20) ** 2 <= 95].all() and not circle[(x - 30) ** 2 + (y - 20) ** 2 >= 115].any()


@pytest.mark.parametrize(("left", "top"), [(10, 20), (-2, -3), (55, 36), (70, 5), (-20, 5)])
def test_a_mask_is_where_it_is_also_where_it_leaves_the_frame(left, top):
    patch = np.tri(8, 6, dtype=np.uint8)
    content = base64.b64encode(cv2.imencode(".png", patch)[1]).decode()
    shape = drawn(kind="mask", points=[(left, top), (left + 5, top + 7)], mask=content)
    canvas = np.zeros((80, 120), bool)
    canvas[20 + top : 28 + top, 30 + left : 36 + left] = patch
    assert np.array_equal(area(shape, SIZE), canvas[20:60, 30:90])


def test_a_mask_that_cannot_be_read():
    for content in (None, 7, "", "no base 64!", base64.b64encode(b"no picture").decode()):
        with pytest.raises(TTVOSError, match="the mask of car cannot be read"):
            area(drawn(kind="mask", points=[(0, 0), (1, 1)], mask=content), SIZE)


def test_what_a_hand_changes_is_not_tracked_any_more():
    shape = tracked_shape("car", 1, np.array([[5, 5], [20, 5], [20, 15]]))
    again = json.loads(json.dumps(shape))
    assert is_tracked(again) and is_tracked({**again, "description": "blue", "flags": {"far": True}})
    assert is_tracked({**again, "points": [[5, 5], [20, 5], [20, 15]]})  # another tool's way to write them
    for change in ({"points": [[5, 5], [20, 5], [20, 15.5]]}, {"label": "van"}, {"group_id": 2}, {"locked": True}):
        assert not is_tracked({**again, **change})
    assert not is_tracked(drawn())


def test_groups_are_found_or_new():
    def groups(shapes, known=()):
        return [shape["group_id"] for shape in with_groups(shapes, known)]

    car, other = Object("car", 1), Object("car", 3)
    assert groups([drawn(), drawn(), drawn("dog")]) == [1, 2, 3]
    assert groups([drawn()], [car]) == [1]
    assert groups([drawn()], [car, other]) == [4]  # which of both?
    assert groups([drawn(), drawn()], [car]) == [1, 2]
    assert groups([drawn(group=1), drawn()], [car]) == [1, 2]
    assert groups([drawn("dog"), drawn(group=7)], [car]) == [8, 7]
    assert groups([drawn(kind="line", points=[(0, 0), (5, 5)])]) == [None]


def test_what_is_given():
    tracked = tracked_shape("car", 1, np.array([[5, 5], [20, 5], [20, 15], [5, 15]]))
    box = drawn("dog", 2, "rectangle", [(30, 10), (40, 20)])
    outside = drawn("dog", 4, points=[(100, 100), (120, 100), (120, 120)])
    line = drawn("car", 1, "line", [(0, 0), (50, 30)])
    shapes = [tracked, box, outside, line]
    by_hand = given_objects(shapes, SIZE, tracked_too=False)
    assert set(by_hand) == {Object("dog", 2)} and by_hand[Object("dog", 2)].is_box
    everything = given_objects(shapes, SIZE, tracked_too=True)
    assert set(everything) == {Object("car", 1), Object("dog", 2)} and not everything[Object("car", 1)].is_box
    # A part that was drawn beside a tracked one: both are meant.
    part = drawn(group=1, points=[(30, 30), (35, 30), (35, 35)])
    both = given_objects([tracked, part], SIZE, tracked_too=False)[Object("car", 1)].covered
    assert both[10, 10] and both[31, 34]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"shapes": [], "imagePath": "b.jpg"}, "is the annotation of b.jpg, not of a.jpg"),
        ([], "is no annotation of labelme"),
        ({"imagePath": "a.jpg"}, "is no annotation of labelme"),
        *(
            ({"shapes": [shape], "imagePath": "a.jpg"}, r"shapes\[0\] is no shape of labelme")
            for shape in (
                None,
                {},
                drawn(points=[]),
                drawn(points=[(1, float("inf")), (2, 2)]),
                drawn(kind="rectangle", points=[(1, 1)]),
                drawn(group="one"),
                {**drawn(), "points": [["a", "b"]]},
                {**drawn(), "points": [[1, 2, 3]]},
            )
        ),
    ],
)
def test_what_is_no_annotation(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    with pytest.raises(TTVOSError, match=said):
        read_annotation(path, "a.jpg", SIZE)
