"""The container: its Dockerfile is linted; built without an engine on a Debian made here, it makes the same masks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.scripts import ROOT
from ttvos_tf.media.images import read_mask
from ttvos_tf.sample.render import FIRST_MASK, VIDEO

BASE, IMAGE = "localhost/debian-python:bookworm", "localhost/ttvos"
SEGMENT = ["segment", VIDEO.name, "--mask", FIRST_MASK.name, "--model", "mobilenet_v2_240x432_int8"]


def test_the_dockerfile_is_clean():
    """In hadolint, which knows what goes wrong in Dockerfiles."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_context_holds_what_is_copied():
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert sorted(kept) == sorted(copied) and all(list(ROOT.glob(name)) for name in kept)


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    """Runs buildah in a store of its own."""
    if os.geteuid() or not all(map(shutil.which, ("buildah", "mmdebstrap"))):
        pytest.skip("NOT TESTED AS A CONTAINER: needs root, and apt-get install buildah mmdebstrap")
    store = tmp_path_factory.mktemp("store")

    def run(*words):
        command = ["buildah", "--root", store / "root", "--runroot", store / "run", "--storage-driver", "vfs", *words]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    yield run
    run("rm", "--all")


@pytest.fixture(scope="module")
def container(buildah, tmp_path_factory):
    """A container of the image, whose base is a Debian with Python, as a hub has it."""
    base = tmp_path_factory.mktemp("base") / "base.tar"
    words = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm"]
    subprocess.run([*words, base], check=True)
    debian = buildah("from", "scratch")
    buildah("add", "--quiet", debian, base, "/")
    buildah("commit", "--quiet", debian, BASE)
    base.unlink()
    # As pip is set up here.
    settings = [path for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
    mounts = [word for path in settings for word in ("--volume", f"{path}:{path}:ro")]
    isolation = ["--isolation", "chroot", "--build-arg", f"BASE={BASE}", *mounts]
    buildah("build", *isolation, "--tag", IMAGE, ROOT)
    return buildah("from", IMAGE)


@pytest.mark.slow
def test_it_segments_as_outside(buildah, container, tmp_path):
    for path in (VIDEO, FIRST_MASK):
        shutil.copy(path, tmp_path)
    subprocess.run([sys.executable, "-m", "ttvos_tf", *SEGMENT, "--out", "outside"], cwd=tmp_path, check=True)
    (tmp_path / "inside").mkdir()
    for folder in (tmp_path, tmp_path / "inside"):
        folder.chmod(0o777)  # the container's user is another one
    mount = ["--isolation", "chroot", "--volume", f"{tmp_path}:/data"]
    program = "/opt/ttvos/bin/ttvos"
    buildah("run", *mount, container, "--", program, *SEGMENT, "--out", "inside/masks")
    masks = sorted((tmp_path / "outside").iterdir())
    assert len(masks) == 80
    for path in masks:
        assert np.array_equal(read_mask(path), read_mask(tmp_path / "inside/masks" / path.name)), path.name
    assert (tmp_path / "inside/masks").stat().st_uid == 1000  # no root


@pytest.mark.slow
def test_it_is_light(buildah, container):
    packages = buildah("run", "--isolation", "chroot", container, "--", "/opt/ttvos/bin/pip", "list")
    assert "ai-edge-litert" in packages and "tensorflow" not in packages
