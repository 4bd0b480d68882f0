"""Fixtures of all rooms."""

import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from tests.scripts import load_script


@pytest.fixture(scope="session")
def davis() -> Path:
    """The folder of DAVIS 2016, the only thing outside the checkout that a test reads; TTVOS_DAVIS names it."""
    folder = os.environ.get("TTVOS_DAVIS")
    if not folder:
        pytest.skip("NOT TESTED ON REAL VIDEOS: set TTVOS_DAVIS to a folder of DAVIS 2016")
    if not Path(folder).is_dir():
        pytest.fail(f"TTVOS_DAVIS: {folder}: no such folder")
    return Path(folder)


@pytest.fixture(scope="module")
def script(request: pytest.FixtureRequest) -> ModuleType:
    """The script that a test module is about; its SCRIPT is the path."""
    return load_script(request.module.SCRIPT)


@pytest.fixture
def place(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module's `inputs`, a folder, copied to where a test may spoil them, as the working directory."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
