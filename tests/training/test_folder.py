import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.scripts import ROOT
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.folder import BEST, BOARD, CHECKPOINT, LOG, RELEASE, VALIDATION, check_folder, run_folder


@pytest.mark.parametrize("name", [CHECKPOINT, RELEASE, BEST, LOG, VALIDATION, BOARD])
def test_a_folder_with_any_file_of_a_run_is_refused(tmp_path, name):
    (tmp_path / name).write_text("of an earlier run")
    with pytest.raises(TTVOSError, match=r"holds .*earlier run.*choose another --out"), run_folder(tmp_path, False):
        pass
    assert (tmp_path / name).read_text() == "of an earlier run"
    if name != CHECKPOINT:
        with pytest.raises(TTVOSError, match=r"checkpoint\.npz: no such weights file: nothing to resume"):
            check_folder(tmp_path, resume=True)


def test_one_run_a_folder(tmp_path):
    with run_folder(tmp_path / "run", False):
        with (
            pytest.raises(TTVOSError, match="another run is working in this folder"),
            run_folder(tmp_path / "run", False),
        ):
            pass
        with run_folder(tmp_path / "other", False):
            pass
    with run_folder(tmp_path / "run", False):
        pass


def test_the_lock_of_a_killed_run_is_gone(tmp_path):
    program = """
        import os, sys
        from pathlib import Path
        from ttvos_tf.training.folder import run_folder
        with run_folder(Path(sys.argv[1]), False):
            print("locked", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(TTVOSError, match="another run is working"), run_folder(tmp_path, False):
        pass
    process.kill()
    process.communicate()
    with run_folder(tmp_path, False):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file/run", Path(os.devnull) / "run"):
        with pytest.raises(TTVOSError, match=r"cannot be written \("), run_folder(out, False):
            pass
