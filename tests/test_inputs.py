import os
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import MOST_TOML, parse_json, parse_toml, read_bytes, read_json, read_text, read_toml


@pytest.fixture
def odd(tmp_path):
    """Things that are no files to read."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("none")
    (tmp_path / "to_fifo").symlink_to("fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    return tmp_path


ODD = {
    "fifo": "is not a regular file",
    "to_fifo": "is not a regular file",
    "zero": "is not a regular file",
    "socket": "is not a regular file",
    "folder": "is a folder, a file is needed",
    "loop": "cannot be read (Too many levels of symbolic links)",
    "nowhere": "no such file",
    "none": "no such file",
    "fifo/x": "cannot be read (Not a directory)",
    "n" * 5000: "cannot be read (File name too long)",
    "null\0": "cannot be read (embedded null byte)",
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("read", [read_toml, read_json, read_text])
def test_what_is_no_regular_file_is_refused_at_once(odd, name, read):
    with pytest.raises(TTVOSError) as error:
        read(f"{odd}/{name}")
    assert str(error.value).startswith(f"{odd}/{name}: {ODD[name]}")


def test_sizes_are_bounded(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    assert read_bytes(path, 100) == bytes(100)
    with pytest.raises(TTVOSError, match="a: is too large: a mask has at most 99 bytes"):
        read_bytes(path, 99, "mask")
    with path.open("wb") as file:
        file.truncate(1 << 40)
    for read in (read_toml, read_json):
        with pytest.raises(TTVOSError, match="a: is too large"):
            read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permission")
def test_a_file_without_permission(tmp_path):
    program = "import os, sys\nfrom ttvos_tf.inputs import read_bytes\nos.setuid(65534)\nread_bytes(sys.argv[1], 9)"
    path = tmp_path / "a"
    path.touch(0o000)
    for folder in tmp_path.parents[:-2]:
        folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert f"TTVOSError: {path}: cannot be read (Permission denied)" in done.stderr


BROKEN = {
    "toml": ["a = ", "a = 1\na = 2", "a = " + "[" * 10**4, "a = " + "9" * 5000, "x", "a" + ".a" * 10**5, "\ud800 = 1"],
    "json": ["", "{", "[" * 10**5, "9" * 5000, '{"a": ', "nul", '{"a": 1} x'],
}


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts])
def test_texts_that_are_broken(language, text):
    with pytest.raises(TTVOSError, match=r"^a file: (not valid|is too long)") as error:
        (parse_toml if language == "toml" else parse_json)(text, "a file")
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("read", [read_toml, read_json])
@pytest.mark.parametrize("content", [b"# \xe9\n", b"\xff\xfe{\0}\0", b'{"a": "\x80"}'])
def test_texts_that_are_not_utf8(tmp_path, read, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(TTVOSError, match="a: is no text in UTF-8"):
        read(tmp_path / "a")


@given(
    st.text(alphabet="[]{}=.\"'\\,# \n01eE-+tfnai:" + "\ufeff\u2028\0", max_size=200), st.sampled_from(["TOML", "JSON"])
)
def test_no_text_brings_another_error(text, language):
    try:
        (parse_toml if language == "TOML" else parse_json)(text, "a file")
    except TTVOSError as error:
        assert str(error).startswith(f"a file: not valid {language}")


def test_the_longest_toml_ends_soon():
    with pytest.raises(TTVOSError):
        parse_toml("a" + ".a" * (MOST_TOML // 2 - 10) + " = ", "a file")
