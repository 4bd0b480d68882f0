"""What a manifest may say: every line is checked before any work."""

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttvos_tf.archive import manifest
from ttvos_tf.archive.manifest import Video, read_manifest
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.objects import MAX_OBJECTS

BOXES = [[1, 2, 3, 4]]
BAD_BOXES = ([1, 2, 3], [1] * 5, [1, 2, 0, 4], [1, 2, 3, "4"], [1, 2, 3, True], "1,2,3,4", {}, None)
GOOD = {"source": "a.mp4", "out": "a", "boxes": BOXES}


def write(path, *lines):
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.jsonl"


def test_paths_begin_at_the_manifest(path):
    write(
        path,
        GOOD,
        "",
        {"source": "/tapes/b", "out": "x/b c", "mask": "b.png"},
        {"source": "c", "out": "c", "prompts": "/c.json"},
    )
    folder = path.parent
    assert read_manifest(path) == [
        Video(str(folder / "a.mp4"), "a", boxes=((1.0, 2.0, 3.0, 4.0),)),
        Video("/tapes/b", "x/b c", mask=str(folder / "b.png")),
        Video(str(folder / "c"), "c", prompts="/c.json"),
    ]


def test_a_byte_that_is_no_text_and_a_missing_newline(path):
    path.write_bytes(json.dumps(GOOD).encode())
    assert len(read_manifest(path)) == 1
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\xff\n")
    with pytest.raises(TTVOSError, match=r"m\.jsonl:2: is not UTF-8"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "is not a JSON object on one line"),
        ("[" * 100_000, "is not a JSON object on one line"),
        ("[1]", "is not a JSON object"),
        ('{"source": "a", "source": "b", "out": "a", "boxes": [[1, 2, 3, 4]]}', "a key is there twice"),
        ('{"source": "a", "out": "a", "boxes": [[1, 2, 3, NaN]]}', "NaN is no number"),
        (
            '{"source": "a", "out": "a", "boxes": [[1, 2, 3, 1e999]]}',
            "boxes.0. must be from -1000000 to 1000000, not inf",
        ),
        ('{"source": "a", "out": "a", "boxes": [[1, 2, 3, 1' + "0" * 400 + "]]}", "boxes.0. must be from"),
        ({**GOOD, "box": BOXES}, "unknown key 'box': there are source, out, boxes, mask, prompts"),
        ({**GOOD, "mask": "m.png"}, "needs one of boxes, mask, prompts, not boxes and mask"),
        ({"source": "a", "out": "a"}, "needs one of boxes, mask, prompts, not none"),
        ({"out": "a", "boxes": BOXES}, "source is missing"),
        ({**GOOD, "source": ""}, "source: a path is needed"),
        ({**GOOD, "source": 0}, "source: a path is needed, not 0"),
        ({**GOOD, "source": "a\0b"}, "source: .* is no path"),
        ({**GOOD, "source": "\ud800"}, "source: .* is no path"),
        ({"source": "a", "out": "a", "mask": None}, "mask: a path is needed, not None"),
        ({**GOOD, "boxes": []}, r"boxes: a list of \[X, Y, W, H\]"),
        ({**GOOD, "boxes": BOXES * (MAX_OBJECTS + 1)}, "at most"),
        *[({**GOOD, "boxes": [box]}, r"boxes\[0\]:? .*(must be|above 0)") for box in BAD_BOXES],
    ],
)
def test_bad_lines_are_one_line(path, line, expected):
    write(path, {**GOOD, "out": "first"}, line)
    with pytest.raises(TTVOSError, match=rf"m\.jsonl:2: .*{expected}") as error:
        read_manifest(path)
    assert "\n" not in str(error.value)


BAD_NAMES = ["", "/a", "../a", "a/../../b", "a//b", "a/", ".", "./a", ".a", "a/.b", "a\\..\\b", "c:a", "a\nb", "a\0b"]
BAD_NAMES += ["a.", "a ", "x" * 256, "\ud800", "report.jsonl", "Report-1-of-2.JSONL/a", "a\u2028b"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_leave_or_confuse_are_refused(path, name):
    with pytest.raises(TTVOSError, match=r"m\.jsonl:1: out: "):
        read_manifest(write(path, {**GOOD, "out": name}))


@given(st.text(alphabet=st.sampled_from("aA./\\ \0é-:~\n"), max_size=8) | st.text(max_size=20))
def test_no_name_leaves(name):
    try:
        out = manifest._out(name, "here") if name else "a"
    except TTVOSError:
        return
    assert Path("/results", out).resolve().relative_to("/results") == Path(out)
    assert PurePosixPath(out).as_posix() == out


SHARED = [("a", "a"), ("a", "A"), ("é", "e\u0301"), ("ß", "SS"), ("a", "a/masks"), ("a/b/c", "a"), ("A/b", "a")]


@pytest.mark.parametrize(("one", "other"), SHARED)
def test_two_videos_never_share_a_folder(path, one, other):
    with pytest.raises(TTVOSError, match=r"m\.jsonl:\d: out.*line \d"):
        read_manifest(write(path, {**GOOD, "out": one}, {**GOOD, "out": "z"}, {**GOOD, "out": other}))


def test_neighbours_are_no_relatives(path):
    names = ["a", "ab", "b/a", "b/ab", "a-b", "c/report.jsonl"]
    assert [video.out for video in read_manifest(write(path, *({**GOOD, "out": name} for name in names)))] == names


@settings(deadline=None, max_examples=30)  # each example reads a manifest once a shard
@given(count=st.integers(1, 30), shards=st.integers(1, 40))
def test_shards_are_a_partition(tmp_path_factory, count, shards):
    path = write(tmp_path_factory.mktemp("m") / "m.jsonl", *({**GOOD, "out": f"v{index}"} for index in range(count)))
    parts = [read_manifest(path, (index, shards)) for index in range(1, shards + 1)]
    assert sorted(video.out for part in parts for video in part) == sorted(f"v{index}" for index in range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_a_manifest_without_videos(path, content):
    if content is not None:
        path.write_text(content)
    with pytest.raises(TTVOSError, match=r"m\.jsonl: (holds no video|no such manifest)"):
        read_manifest(path)
    with pytest.raises(TTVOSError, match="is a folder, a file is needed"):
        read_manifest(path.parent)
