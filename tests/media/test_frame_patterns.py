import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.frame_patterns import is_pattern, matching


@pytest.fixture
def frames(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/f_0009.png", "a/f_0010.png", "a/f_10000.png", "a/f_0010.jpg", "a/b/f_0001.png", "a/mask.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/f_00%02d.png", ["a/f_0009.png", "a/f_0010.png"]),
        ("a/f_00%d.png", ["a/f_0009.png", "a/f_0010.png"]),
        ("a/f_*.png", ["a/f_0009.png", "a/f_0010.png", "a/f_10000.png"]),
        ("a/f_00[01]?.*g", ["a/f_0009.png", "a/f_0010.jpg", "a/f_0010.png"]),
        ("a/**/f_0001.png", ["a/b/f_0001.png"]),
    ],
)
def test_files_of_a_pattern(frames, pattern, expected):
    assert is_pattern(pattern)
    assert sorted(path.as_posix() for path in matching(pattern)) == expected


def test_numbers_may_have_more_digits_than_asked_for(frames):
    for number in range(97, 103):
        (frames / f"a/g{number:02d}.png").touch()
    assert len(matching("a/g%02d.png")) == 6


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a/f_%04d.png", "a/f_0011.png: is missing between the other frames"),
        ("a/g_%04d.png", "a/g_%04d.png: no file is named so"),
        ("none/%d.png", "none: cannot be read"),
        ("a/g*.png", r"a/g\*.png: no file is named so"),
        ("%d/f_0001.png", "a pattern has one number, in the file's name"),
        ("a/%d_%d.png", "a pattern has one number, in the file's name"),
    ],
)
def test_patterns_of_nothing(frames, pattern, message):
    with pytest.raises(TTVOSError, match=message):
        matching(pattern)


def test_other_names_are_no_patterns():
    assert not any(map(is_pattern, ("walk.mp4", "100%.mp4", "-", "0", "a b.mp4")))
