import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import davis_palette, is_written_by_us, read_mask, write_mask
from ttvos_tf.runtime.objects import MAX_OBJECTS, objects_in_boxes, objects_in_mask

SIZE = (20, 30)


def test_the_palette_is_that_of_davis():
    palette = davis_palette()
    assert (palette.shape, palette.dtype) == ((256, 3), np.uint8)
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128), 8: (64, 0, 0)}
    known |= {20: (0, 64, 128), 255: (224, 224, 192)}
    for index, colour in known.items():
        assert tuple(palette[index]) == colour
    assert len({tuple(colour) for colour in palette}) == 256


@settings(max_examples=20, deadline=None)
@given(labels=arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_labels_are_read_back_as_written(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("masks") / "mask.png"
    write_mask(path, labels)
    np.testing.assert_array_equal(read_mask(path), labels)


def test_a_written_mask_is_paletted_and_known_as_ours(tmp_path):
    write_mask(tmp_path / "ours.png", np.eye(8, dtype=np.uint8))
    Image.new("L", (8, 8)).save(tmp_path / "other.png")
    (tmp_path / "text.png").write_text("no image")
    with Image.open(tmp_path / "ours.png") as image:
        assert image.mode == "P"
        assert image.getpalette() == davis_palette().ravel().tolist()
    names = ("ours.png", "other.png", "text.png")
    assert [is_written_by_us(tmp_path / name) for name in names] == [True, False, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_grey_and_bilevel_images_are_masks_too(tmp_path):
    values = np.array([[0, 1], [7, 255]], np.uint8)
    cv2.imwrite(str(tmp_path / "grey.png"), values)
    Image.fromarray(values > 0).save(tmp_path / "bilevel.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "grey.png"), values)
    np.testing.assert_array_equal(read_mask(tmp_path / "bilevel.png"), np.where(values > 0, 255, 0))


@pytest.mark.parametrize("name", ["mask.png", "mask.bmp", "mask.tif"])
def test_black_and_white_in_three_channels_is_a_mask_too(tmp_path, name):
    values = np.array([[0, 255], [255, 255]], np.uint8)
    Image.fromarray(np.dstack([values] * 3)).save(tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / name), values)


def test_a_jpeg_is_named_unless_it_kept_black_and_white(tmp_path):
    white, drawn = np.full((16, 16), 255, np.uint8), np.zeros((16, 16), np.uint8)
    drawn[3:9, 4:11] = 255
    for name, pixels in (("white.jpg", white), ("drawn.jpg", drawn)):
        Image.fromarray(pixels).save(tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / "white.jpg"), white)
    with pytest.raises(TTVOSError, match=r"drawn\.jpg: is a JPEG, which changes .*: save the mask as PNG"):
        read_mask(tmp_path / "drawn.jpg")


def test_any_image_is_read_as_grey_values_if_asked(tmp_path):
    Image.new("RGB", (3, 2), (255, 0, 0)).save(tmp_path / "red.png")
    assert read_mask(tmp_path / "red.png", (2, 3), any_image=True).tolist() == [[76, 76, 76]] * 2
    with pytest.raises(TTVOSError, match=r"red\.png: the mask is 3x2, its image is 2x3"):
        read_mask(tmp_path / "red.png", (3, 2), any_image=True)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_images_of_several_channels_or_more_bits_are_refused(tmp_path, mode):
    Image.new(mode, (4, 4), (0, 0, 255) if mode == "RGB" else 0).save(tmp_path / "mask.png")
    with pytest.raises(TTVOSError, match=rf"mask.png: .*one channel.*not {mode}"):
        read_mask(tmp_path / "mask.png")


def test_missing_broken_and_cut_files_are_refused(tmp_path):
    with pytest.raises(TTVOSError, match=r"absent\.png: no such mask"):
        read_mask(tmp_path / "absent.png")
    (tmp_path / "text.png").write_text("no image")
    rng = np.random.default_rng(0)
    write_mask(tmp_path / "whole.png", rng.integers(0, 256, (40, 40), np.uint8))
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    for name in ("text.png", "cut.png"):
        with pytest.raises(TTVOSError, match=f"{name}: cannot be read as an image"):
            read_mask(tmp_path / name)


def test_objects_are_the_values_but_background_and_void():
    mask = np.zeros(SIZE, np.uint8)
    mask[2:4], mask[6:9], mask[10] = 7, 200, 255
    objects = objects_in_mask(mask, SIZE)
    assert list(objects) == [7, 200]
    np.testing.assert_array_equal(objects[7], mask == 7)
    np.testing.assert_array_equal(objects[200], mask == 200)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.int64])
def test_a_mask_may_have_any_whole_numbers(dtype):
    mask = np.zeros(SIZE, dtype)
    mask[3:5] = 1
    assert list(objects_in_mask(mask, SIZE)) == [1]


def test_black_and_white_is_one_object():
    mask = np.zeros(SIZE, np.uint8)
    mask[5:9] = 255
    objects = objects_in_mask(mask, SIZE)
    assert list(objects) == [1]
    np.testing.assert_array_equal(objects[1], mask == 255)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros(SIZE, np.uint8), "first.png: holds no object"),
        (np.ones((30, 20), np.uint8), "first.png: is 20x30, but its frame is 30x20"),
        (np.ones((*SIZE, 3), np.uint8), "first.png: must be a"),
        (np.ones(SIZE, np.float32), "first.png: must be a"),
        ([[1, 2]], "first.png: must be a .* not list"),
        (np.full(SIZE, -1), "first.png: object ids go from 1"),
        (np.full(SIZE, 256), "first.png: object ids go from 1"),
        (np.arange(600, dtype=np.int32).reshape(SIZE) % (MAX_OBJECTS + 2), f"{MAX_OBJECTS + 1} objects, but at most"),
    ],
)
def test_masks_that_are_refused(mask, message):
    with pytest.raises(TTVOSError, match=message):
        objects_in_mask(mask, SIZE, "first.png")


def test_as_many_objects_as_promised():
    mask = np.arange(600, dtype=np.int32).reshape(SIZE) % (MAX_OBJECTS + 1)
    assert len(objects_in_mask(mask, SIZE)) == MAX_OBJECTS


def test_boxes_are_filled_clipped_and_may_overlap():
    objects = objects_in_boxes([(4, 5, 10, 6), (-5, 8, 12, 100), (27.4, 18.6, 9, 9)], SIZE)
    expected = np.zeros((3, *SIZE), bool)
    expected[0, 5:11, 4:14] = True
    expected[1, 8:, :7] = True
    expected[2, 19:, 27:] = True
    assert list(objects) == [1, 2, 3]
    np.testing.assert_array_equal(np.stack(list(objects.values())), expected)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([(30, 0, 5, 5)], "box 30,0,5,5: covers no pixel of the 30x20 frame"),
        ([(0, -9, 5, 9)], "covers no pixel"),
        ([(1, 1, 5, 5), (3, 3, 0, 5)], "box 3,3,0,5: has no area"),
        ([(3, 3, 5, -1)], "has no area"),
        ([(3, 3, 0.2, 5)], "covers no pixel"),
        ([(float("nan"), 3, 5, 5)], "finite"),
        ([(0, 0, float("inf"), 5)], "finite"),
        ([], "at least one box"),
        (np.zeros((0, 4)), "at least one box"),
        ([(1e308, 0, 1e308, 10)], "must be four finite numbers"),
        ([(10**400, 0, 5, 5)], "must be four finite numbers"),
        ("1,1,5,5", "boxes: must be a list of"),
        (5, "boxes: must be a list of"),
        (iter([(1, 1, 5, 5)]), "boxes: must be a list of"),
        ({1, 2}, "boxes: must be a list of"),
        ((1, 1, 5, 5), "box 1: must be four numbers: x, y, width, height"),
        (np.array([1, 1, 5, 5]), "box 1: must be four numbers"),
        (np.array(5), "box 5: must be four numbers"),
        ([(1, 1, 5)], "must be four numbers"),
        ([(1, 1, 5, 5, 5)], "must be four numbers"),
        ([("1", "1", "5", "5")], "must be four numbers"),
        ([(1, 1, None, 5)], "must be four numbers"),
        ([(1, 1, 5j, 5)], "must be four numbers"),
        ([(True, 1, 5, 5)], "must be four numbers"),
        ([None], "must be four numbers"),
        (["abcd"], "must be four numbers"),
        ([{"x": 1}], "must be four numbers"),
        ({"a": (1, 1, 5, 5)}, "object 'a': object ids go from 1"),
        ({0: (1, 1, 5, 5)}, "object 0: object ids go from 1"),
        ({True: (1, 1, 5, 5)}, "object True: object ids go from 1"),
        ([(0, 0, 5, 5)] * (MAX_OBJECTS + 1), f"{MAX_OBJECTS + 1} objects, but at most"),
    ],
)
def test_boxes_that_are_refused(boxes, message):
    with pytest.raises(TTVOSError, match=message):
        objects_in_boxes(boxes, SIZE)


@pytest.mark.parametrize(
    "boxes",
    [
        [(1, 1, 5, 5), (3, 3, 5, 5)],
        ((1, 1, 5, 5), [3, 3, 5, 5]),
        np.array([(1, 1, 5, 5), (3, 3, 5, 5)]),
        np.array([(1, 1, 5, 5), (3, 3, 5, 5)], np.float32),
        [np.array([1, 1, 5, 5], np.uint8), np.float64([3, 3, 5, 5])],
        {1: (np.int64(1), 1.0, 5, np.float32(5)), 2: (3, 3, 5, 5)},
        {np.int64(1): np.array([1, 1, 5, 5]), 2: (3, 3, 5, 5)},
    ],
)
def test_boxes_in_any_form(boxes):
    found = objects_in_boxes(boxes, SIZE)
    assert list(found) == [1, 2]
    for x, mask in zip((1, 3), found.values(), strict=True):
        assert mask.sum() == 25 and mask[x : x + 5, x : x + 5].all()
