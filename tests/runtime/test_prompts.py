import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import write_mask
from ttvos_tf.runtime.objects import MAX_OBJECTS
from ttvos_tf.runtime.prompt_file import read_prompts
from ttvos_tf.runtime.prompts import Prompt, Prompts

SIZE = (20, 30)
MASK = np.zeros(SIZE, np.uint8)
MASK[2:9, 3:12], MASK[10:15, 20:28] = 1, 7


def test_what_is_given_by_frame_and_by_object():
    prompts = Prompts(
        [Prompt(5, box=(0, 0, 4, 4), object_id=3), Prompt(0, MASK), Prompt(5, MASK, object_id=7)], SIZE, 6
    )
    assert dict(prompts.frames) == {1: (0,), 3: (5,), 7: (0, 5)}
    assert (prompts.first, prompts.last) == (0, 5)
    assert prompts.at(1) == {}
    first, later = prompts.at(0), prompts.at(5)
    assert list(first) == [1, 7] and not first[1].is_box
    assert np.array_equal(first[7].covered, MASK == 7)
    assert list(later) == [7, 3] and later[3].is_box and later[3].covered.sum() == 16


def test_what_names_its_object_wins_over_a_mask_of_all():
    given = Prompts([Prompt(2, box=(0, 0, 5, 5), object_id=7), Prompt(2, MASK)], SIZE).at(2)
    assert list(given) == [1, 7] and given[7].is_box and not given[1].is_box


def test_white_is_object_1_if_none_is_named():
    assert list(Prompt(0, 255 * (MASK > 0)).given(SIZE)) == [1]


def test_white_is_the_object_that_is_named():
    given = Prompt(0, 255 * (MASK > 0), object_id=4).given(SIZE)
    assert list(given) == [4] and np.array_equal(given[4].covered, MASK > 0)


def test_files_are_read_when_their_frame_comes(tmp_path):
    write_mask(tmp_path / "a.png", MASK)
    prompts = Prompts([Prompt(3, tmp_path / "a.png")], SIZE)
    write_mask(tmp_path / "a.png", np.where(MASK == 7, MASK, 0))
    assert list(prompts.at(3)) == [7]


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([], "give at least one mask or box"),
        ([Prompt(6, MASK)], "frame 6: the frames of the video are 0 to 5"),
        ([Prompt(-1, MASK)], "frame -1: the frames of the video are 0 to 5"),
        ([Prompt(0, MASK[:9])], "the mask in frame 0: is 30x9, but its frame is 30x20"),
        ([Prompt(2, 0 * MASK)], "the mask in frame 2: holds no object"),
        ([Prompt(2, MASK, object_id=2)], r"the mask in frame 2: holds no object 2: its objects are \[1, 7\]"),
        ([Prompt(2, "none.png")], "none.png: no such mask"),
        ([Prompt(2, box=(30, 0, 5, 5), object_id=1)], "box 30,0,5,5: covers no pixel"),
        ([Prompt(2, MASK), Prompt(2, MASK)], "object 1 is given twice in frame 2"),
        ([Prompt(2, MASK, object_id=7), Prompt(2, box=(0, 0, 5, 5), object_id=7)], "object 7 is given twice"),
        ([Prompt(0, box=(0, 0, 5, 5), object_id=i) for i in range(1, MAX_OBJECTS + 2)], "at most"),
    ],
)
def test_prompts_that_are_refused(prompts, message):
    with pytest.raises(TTVOSError, match=message):
        Prompts(prompts, SIZE, 6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give either a mask or a box"),
        ({"mask": MASK, "box": (0, 0, 5, 5)}, "give either a mask or a box"),
        ({"box": (0, 0, 5, 5)}, "say whose box it is"),
        ({"box": (0, 0, 5, 5), "object_id": 255}, "object 255: object ids go from 1 to 254"),
        ({"mask": MASK, "object_id": 0}, "object 0: object ids go from 1 to 254"),
    ],
)
def test_a_prompt_that_is_refused(given, message):
    with pytest.raises(TTVOSError, match=message):
        Prompt(0, **given)


def test_a_file_of_prompts(tmp_path):
    listed = [
        {"frame": 0, "mask": "masks/a.png"},
        {"frame": 45, "mask": "b.png", "object": 7},
        {"frame": 45, "box": [10, 20.5, 30, 40], "object": 2},
    ]
    (tmp_path / "p.json").write_text(json.dumps({"prompts": listed}))
    assert read_prompts(tmp_path / "p.json") == [
        Prompt(0, tmp_path / "masks/a.png"),
        Prompt(45, tmp_path / "b.png", object_id=7),
        Prompt(45, box=(10, 20.5, 30, 40), object_id=2),
    ]


BAD = {
    "": "not valid JSON",
    "[" * 100_000: "not valid JSON",
    "[]": 'must be {"prompts": [...]}',
    '{"prompts": []}': "with at least one mask or box",
    '{"prompts": [{"frame": 0, "mask": "a"}], "more": 1}': 'must be {"prompts": [...]}',
    '{"prompts": [3]}': "prompts[0] must be a mask or a box",
    '{"prompts": [{"frame": 0, "mask": "a", "colour": 1}]}': "prompts[0]: 'colour' is unknown: choose from frame, mask",
    '{"prompts": [{"mask": "a"}]}': "prompts[0] must have frame",
    '{"prompts": [{"frame": true, "mask": "a"}]}': "prompts[0].frame must be a whole number",
    '{"prompts": [{"frame": 1.0, "mask": "a"}]}': "prompts[0].frame must be a whole number",
    '{"prompts": [{"frame": -1, "mask": "a"}]}': "prompts[0].frame must not be negative",
    '{"prompts": [{"frame": ' + "9" * 4000 + ', "mask": "a"}]}': "prompts[0].frame must be from 0",
    '{"prompts": [{"frame": 0}]}': "prompts[0] must have either mask or box",
    '{"prompts": [{"frame": 0, "mask": "a", "box": [1, 2, 3, 4]}]}': "prompts[0] must have either mask or box",
    '{"prompts": [{"frame": 0, "mask": 3}]}': "prompts[0].mask must be the name of a file",
    '{"prompts": [{"frame": 0, "mask": "a", "object": "1"}]}': "prompts[0].object must be a whole number",
    '{"prompts": [{"frame": 0, "mask": "a", "object": 255}]}': "prompts[0].object must be from 1 to 254",
    '{"prompts": [{"frame": 0, "box": [1, 2, 3, 4]}]}': "prompts[0] must have object",
    '{"prompts": [{"frame": 0, "box": [1, 2, 3], "object": 1}]}': "prompts[0].box must be [x, y, width, height]",
    '{"prompts": [{"frame": 0, "box": [1, 2, 3, "4"], "object": 1}]}': "prompts[0].box must be a number",
    '{"prompts": [{"frame": 0, "box": [1, 2, 3, 1e999], "object": 1}]}': "prompts[0].box must be from",
    '{"prompts": [{"frame": 0, "box": [1, 2, 3, NaN], "object": 1}]}': "prompts[0].box must be from",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:70])
def test_a_file_that_is_refused(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(TTVOSError) as error:
        read_prompts(tmp_path / "p.json")
    assert str(error.value).startswith(f"{tmp_path / 'p.json'}: ") and BAD[text] in str(error.value)
    assert "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["frame", "mask", "box", "object", "x"]), inner),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(listed=st.lists(JSON, min_size=1))
def test_any_other_file_is_read_or_refused(tmp_path_factory, listed):
    path = tmp_path_factory.mktemp("prompts") / "p.json"
    path.write_text(json.dumps({"prompts": listed}))
    try:
        prompts = read_prompts(path)
    except TTVOSError as error:
        assert "\n" not in str(error)
    else:
        assert len(prompts) == len(listed)


def test_no_such_file(tmp_path):
    with pytest.raises(TTVOSError, match="no such file"):
        read_prompts(tmp_path / "p.json")
