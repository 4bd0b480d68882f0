"""The shipped int8 file gives the same masks on ARM64 (emulated) as here (tflite/arm64.py)."""

import platform
import shutil
from pathlib import Path

import pytest

from tests.runtimes import needs_tflite_runtime
from ttvos_tf.errors import TTVOSError

SCRIPT = "tflite/arm64.py"
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@needs_tflite_runtime
@pytest.mark.skipif(
    not shutil.which("apt-get") or platform.machine() != "x86_64", reason="needs apt-get, on an x86-64 Debian"
)
def test_masks_are_the_same_on_arm64(script, capsys):
    assert script.main(["mobilenet_v2_240x432_int8"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 6 and sum("arm64" in line for line in lines) == 5


def test_an_unknown_model_is_one_line(script, capsys):
    assert script.main(["no_such_model"]) == 2
    assert "no_such_model" in capsys.readouterr().err.strip().splitlines()[-1]


@needs_tflite_runtime
def test_without_debian_s_tools(script, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(script.shutil, "which", lambda tool: None)
    with pytest.raises(TTVOSError, match="apt-get is not here"):
        script.arm64_python()


def test_without_tflite_runtime(script, monkeypatch):
    monkeypatch.setattr(script, "PACKAGES", ("numpy", "no-such-package"))
    script._versions.cache_clear()
    with pytest.raises(TTVOSError, match=r"no-such-package is not installed: run this with \.venv-oldest"):
        script.arm64_python()
    script._versions.cache_clear()
