import os

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file, atomic_folder


class DiskError(Exception):
    pass


def entries(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "report.json"
    with atomic_file(target) as partial:
        partial.write_text("half")
        assert not target.exists()
        assert partial.suffix == ".json"
    assert target.read_text() == "half"
    assert entries(tmp_path) == ["new", "new/report.json"]


def test_a_failure_leaves_the_old_file(tmp_path):
    target = tmp_path / "report.json"
    target.write_text("old")
    with pytest.raises(DiskError), atomic_file(target) as partial:
        partial.write_text("half")
        raise DiskError
    assert target.read_text() == "old"
    assert entries(tmp_path) == ["report.json"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "results" / "cat"
    with atomic_folder(target) as partial:
        (partial / "00000.png").write_text("mask")
        assert not target.exists()
    assert entries(tmp_path) == ["results", "results/cat", "results/cat/00000.png"]


def test_a_failure_leaves_no_folder(tmp_path):
    with pytest.raises(DiskError), atomic_folder(tmp_path / "results" / "cat") as partial:
        (partial / "00000.png").write_text("mask")
        raise DiskError
    assert entries(tmp_path) == []


def test_a_folder_of_replaceable_files_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "masks"
    target.mkdir()
    (target / "00007.png").write_text("old")
    with atomic_folder(target, replaceable=lambda file: file.suffix == ".png") as partial:
        (partial / "00000.png").write_text("new")
    assert entries(tmp_path) == ["masks", "masks/00000.png"]


def test_a_failure_leaves_the_old_folder(tmp_path):
    target = tmp_path / "masks"
    target.mkdir()
    (target / "00007.png").write_text("old")
    with pytest.raises(DiskError), atomic_folder(target, replaceable=lambda file: True):
        raise DiskError
    assert entries(tmp_path) == ["masks", "masks/00007.png"]


def test_a_folder_that_holds_anything_else_is_kept(tmp_path):
    target = tmp_path / "masks"
    (target / "photos").mkdir(parents=True)
    with pytest.raises(TTVOSError, match="holds photos, which would be lost"), atomic_folder(target, lambda file: True):
        pytest.fail("began to write")
    assert entries(tmp_path) == ["masks", "masks/photos"]


@pytest.mark.parametrize("whole", [atomic_file, atomic_folder])
def test_places_that_cannot_be_written_are_refused_before_the_work(tmp_path, whole):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TTVOSError, match="cannot be written"), whole(tmp_path / "file" / "below"):
        pytest.fail("began to write")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("whole", [atomic_file, atomic_folder])
def test_a_folder_without_permission_is_refused(tmp_path, whole):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(TTVOSError, match="cannot be written"), whole(tmp_path / "x"):
            pytest.fail("began to write")
    finally:
        tmp_path.chmod(0o755)


def test_a_file_where_a_folder_is_needed_and_the_reverse(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TTVOSError, match="is a file"), atomic_folder(tmp_path / "file"):
        pytest.fail("began to write")
    with pytest.raises(TTVOSError, match="is a folder"), atomic_file(tmp_path):
        pytest.fail("began to write")
