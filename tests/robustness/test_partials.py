"""Nothing of anybody else's is lost, whatever happens while an output is written."""

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import atomic
from ttvos_tf.media.atomic import Together, atomic_file, atomic_folder

BOTH = pytest.mark.parametrize("whole", [atomic_file, atomic_folder])


def masks(file):
    return file.suffix == ".png"


def tree(folder):
    """Every file and its content, every folder and None."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_text()
        for path in sorted(folder.rglob("*"))
    }


def put(path):
    """Writes what both kinds of output take."""
    if path.is_dir():
        (path / "0.png").write_text("new")
    else:
        path.write_text("new")


@pytest.fixture
def old(tmp_path):
    """A folder of an earlier run."""
    folder = tmp_path / "o"
    folder.mkdir()
    for name in ("0.png", "1.png"):
        (folder / name).write_text("old")
    return folder


KILLED = """
import os, signal, sys
from pathlib import Path
from ttvos_tf.media.atomic import Together, atomic_file, atomic_folder
with {whole}(Path(sys.argv[1])) as partial:
    if partial.is_dir():
        (partial / "folder").mkdir()
        (partial / "folder" / "half.png").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@BOTH
def test_the_next_run_removes_what_a_killed_one_left(tmp_path, whole):
    target = tmp_path / "new" / "o.x"
    program = KILLED.format(whole=whole.__name__)
    killed = subprocess.run([sys.executable, "-c", program, str(target)])
    assert killed.returncode == -signal.SIGKILL
    (left,) = [name for name in tree(tmp_path / "new") if "/" not in name]
    assert left.startswith(atomic.PARTIAL) and not target.exists()
    with whole(tmp_path / "new" / "other.x") as partial:  # another place: not its own
        put(partial)
    assert left in tree(tmp_path / "new")
    with whole(target) as partial:
        put(partial)
    assert {name.split("/")[0] for name in tree(tmp_path / "new")} == {"o.x", "other.x"}


@BOTH
def test_two_runs_to_one_place_do_not_disturb_each_other(tmp_path, whole):
    options = {} if whole is atomic_file else {"replaceable": masks}
    with whole(tmp_path / "o", **options) as first:
        with whole(tmp_path / "o", **options) as second:
            put(second)
        assert first.exists()
        put(first)
    assert [name for name in tree(tmp_path) if "/" not in name] == ["o"]


@BOTH
def test_names_of_others_are_never_taken(tmp_path, whole):
    others = [f".o.{os.getpid()}.partial", f".o.{os.getpid()}.partial.old", f"{atomic.PARTIAL}o", f"{atomic.REPLACED}o"]
    for name in others:
        (tmp_path / name).write_text("mine")
    with whole(tmp_path / "o") as partial:
        put(partial)
    assert {name: tree(tmp_path)[name] for name in others} == dict.fromkeys(others, "mine")


def test_files_have_the_rights_that_others_have(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_file(tmp_path / "o"):
        pass
    assert (tmp_path / "o").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("swap", [atomic._swap, lambda one, other: False], ids=["one step", "two steps"])
class TestAFolderInUse:
    @pytest.fixture(autouse=True)
    def use(self, swap, monkeypatch):
        monkeypatch.setattr(atomic, "_swap", swap)

    def test_is_replaced(self, old):
        with atomic_folder(old, masks) as partial:
            put(partial)
        assert tree(old.parent) == {"o": None, "o/0.png": "new"}

    def test_files_that_came_meanwhile_stay(self, old):
        with atomic_folder(old, masks) as partial:
            put(partial)
            (old / "notes.txt").write_text("mine")
            (old / "more").mkdir()
            (old / "link.png").symlink_to("0.png")
        assert tree(old.parent) == {
            "o": None, "o/0.png": "new", "o/link.png": "new", "o/more": None, "o/notes.txt": "mine"
        }  # fmt: skip

    def test_where_names_clash_both_are_kept(self, old):
        with (
            pytest.raises(TTVOSError, match="which was put there meanwhile") as error,
            atomic_folder(old, masks) as new,
        ):
            (new / "notes.txt").write_text("new")
            (old / "notes.txt").write_text("mine")
        kept = str(error.value).rpartition(" ")[2]
        assert (old / "notes.txt").read_text() == "mine" and (old / "0.png").read_text() == "old"
        assert tree(old.parent)[f"{os.path.basename(kept)}/notes.txt"] == "new"

    @pytest.mark.parametrize("failing", [1, 2, 3, 4, 5])  # two steps are five renames, one step is one and a swap
    def test_a_rename_that_fails_loses_nothing(self, old, monkeypatch, failing):
        rename, calls = os.rename, []

        def fail(source, target):
            calls.append(target)
            if len(calls) == failing:
                raise OSError(errno.EIO, "Input/output error")
            rename(source, target)

        monkeypatch.setattr(os, "rename", fail)
        try:
            with atomic_folder(old, masks) as partial:
                put(partial)
        except TTVOSError as error:
            assert str(error) == f"{old}: cannot be written (Input/output error)"
        assert tree(old) in ({"0.png": "old", "1.png": "old"}, {"0.png": "new"})


def test_a_swap_that_fails_leaves_the_old_one(old, monkeypatch):
    def fail(one, other):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(atomic, "_swap", fail)
    before = tree(old.parent)
    with pytest.raises(TTVOSError, match="cannot be written"), atomic_folder(old, masks) as partial:
        put(partial)
    assert tree(old.parent) == before


def test_the_next_run_ends_what_was_killed_between_two_renames(old):
    name = atomic._new_name(atomic.REPLACED, old)
    os.rename(old, old.with_name(name))
    with pytest.raises(KeyError), atomic_folder(old, masks):
        assert tree(old) == {"0.png": "old", "1.png": "old"}
        raise KeyError
    os.mkdir(old.with_name(name))
    (old.with_name(name) / "notes.txt").write_text("mine")
    (old.with_name(name) / "0.png").write_text("older")
    with pytest.raises(KeyError), atomic_folder(old, lambda file: True):
        raise KeyError
    assert tree(old.parent)["o/0.png"] == "old"
    assert "mine" not in tree(old.parent).values()  # it was replaceable here


@pytest.mark.parametrize("noticed", ["before", "late"])
def test_in_a_mount_point_files_are_renamed(old, monkeypatch, noticed):
    rename = os.rename

    def busy(source, target):
        if str(old) in (str(source), str(target)):
            raise OSError(errno.EBUSY, "Device or resource busy")
        rename(source, target)

    monkeypatch.setattr(os, "rename", busy)
    monkeypatch.setattr(atomic, "_swap", lambda one, other: busy(one, other))
    monkeypatch.setattr(os.path, "ismount", lambda path: noticed == "before" and str(path) == str(old))
    with atomic_folder(old, masks) as partial:
        put(partial)
        (old / "notes.txt").write_text("mine")
        assert (old / "0.png").read_text() == "old"
    assert tree(old.parent) == {"o": None, "o/0.png": "new", "o/notes.txt": "mine"}


def test_a_file_that_is_a_mount_point_is_written_in_place(tmp_path, monkeypatch):
    def busy(source, target):
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    (tmp_path / "o").write_text("old")
    with atomic_file(tmp_path / "o") as partial:
        put(partial)
    assert tree(tmp_path) == {"o": "new"}


@BOTH
@pytest.mark.parametrize("there", [True, False])
def test_links_stay_and_their_targets_are_written(tmp_path, whole, there):
    real, link = tmp_path / "real", tmp_path / "link"
    if there:
        real.mkdir() if whole is atomic_folder else real.write_text("old")
    link.symlink_to("real")
    with whole(link) as partial:
        put(partial)
    assert link.is_symlink() and (real / "0.png" if whole is atomic_folder else real).read_text() == "new"
    assert {name.split("/")[0] for name in tree(tmp_path)} == {"real", "link"}


@BOTH
def test_links_in_a_circle_are_one_line(tmp_path, whole):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(TTVOSError, match="a: "), whole(tmp_path / "a"):
        pytest.fail("began to write")


def test_a_fifo_is_written_to(tmp_path):
    fifo, read = tmp_path / "f", []
    os.mkfifo(fifo)
    with pytest.raises(TTVOSError, match="nobody reads this FIFO"), atomic_file(fifo):
        pytest.fail("began to write")
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    while True:  # until the reader is there
        try:
            with atomic_file(fifo) as partial:
                put(partial)
            break
        except TTVOSError:
            continue
    reader.join()
    assert read == ["new"] and stat.S_ISFIFO(fifo.stat().st_mode) and os.listdir(tmp_path) == ["f"]


def test_a_device_is_written_to(tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    with atomic_file(tmp_path / "null") as partial:
        put(partial)
    assert stat.S_ISCHR((tmp_path / "null").stat().st_mode) and not tree(tmp_path)["null"]
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(TTVOSError, match="full: cannot be written"), atomic_file(tmp_path / "full") as partial:
        put(partial)


def test_a_stream_that_takes_nothing_leaves_all_as_it_was(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(TTVOSError, match="full: cannot be written"), Together() as outputs:
        for path in (tmp_path / "full", tmp_path / "file"):  # the stream was opened first, and yet goes first
            put(outputs.enter_output(path, atomic_file(path)))
        put(outputs.enter_output(tmp_path / "folder", atomic_folder(tmp_path / "folder")) / "a")
        assert outputs.enter_output(None, contextlib.nullcontext("nowhere")) == "nowhere"
    assert sorted(os.listdir(tmp_path)) == ["file", "full"] and (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("name", [".", "", "../e", "here"])
def test_the_working_folder_is_one_line(tmp_path, monkeypatch, name):
    (tmp_path / "e").mkdir()
    monkeypatch.chdir(tmp_path / "e")
    if name == "here":
        name = os.getcwd()
    path = type(tmp_path)(name)
    with pytest.raises(TTVOSError, match="is the working folder"), atomic_folder(path):
        pytest.fail("began to write")
    with pytest.raises(TTVOSError, match="is a folder"), atomic_file(path):
        pytest.fail("began to write")
    assert tree(tmp_path) == {"e": None}


@BOTH
@pytest.mark.parametrize("length", [200, 255])
def test_names_as_long_as_names_can_be(tmp_path, whole, length):
    with whole(tmp_path / ("n" * length)) as partial:
        put(partial)
    assert len([name for name in tree(tmp_path) if "/" not in name]) == 1
