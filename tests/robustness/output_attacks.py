"""Attacks on what `ttvos segment` writes: odd places, failing files, full disks, kills, and `--resume` after them."""

import contextlib
import errno
import functools
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.clips import clip, write_video
from tests.robustness.campaign import REFUSED, Failure, attack
from ttvos_tf import cli
from ttvos_tf.commands import resume, segment
from ttvos_tf.media.atomic import PARTIAL, UNFINISHED
from ttvos_tf.media.images import read_mask, write_mask
from ttvos_tf.media.video import open_source

LENGTH = 6
SOURCE = ("walk.avi", "--mask", "first.png", "--model", "mobilenet_v2_240x432_int8", "--threads", "1")
OPERATIONS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.utime", "shutil.rmtree")

Happens = Callable[[], None]


@functools.cache
def _inputs() -> dict[str, bytes]:
    frames, truth = clip(LENGTH, ids=(1, 2))
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder, "walk.avi"), frames)
        write_mask(Path(folder, "first.png"), truth[0])
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@functools.cache
def _expected() -> list[np.ndarray]:
    """The masks of a run that nobody disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder))
        command = [sys.executable, "-m", "ttvos_tf", "segment", *SOURCE, "--out", "o"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return _masks(Path(folder, "o"))


def _prepare(folder: Path) -> None:
    for name, content in _inputs().items():
        (folder / name).write_bytes(content)


def _masks(folder: Path) -> list[np.ndarray]:
    return [read_mask(folder / f"{index:05d}.png") for index in range(len(os.listdir(folder)))]


def _check_masks(folder: Path) -> None:
    found = _masks(folder)
    if len(found) != LENGTH or not np.array_equal(found, _expected()):
        raise Failure("A", f"{folder.name}: {len(found)} masks, not those of an undisturbed run")


def _ttvos(arguments: list[str], at: int = 0, happens: Happens | None = None) -> tuple[int, list[str]]:
    """Runs a command in a process of its own.

    Args:
        arguments: of `ttvos`.
        at: number of a file operation of Python below the working folder.
        happens: what is called before that operation.

    Returns:
        Exit code, -n for signal n; and the lines on stderr.
    """
    said = Path("../said-by-ttvos")
    child = os.fork()
    if child == 0:
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number in (1, 2):
            os.dup2(descriptor, number)
        resume.SECONDS = 0.0
        if happens:
            sys.addaudithook(_hook(at, happens))
        code = 99
        with contextlib.suppress(BaseException):
            code = cli.main(arguments)
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    # Results that are there come first.
    lines = [line for line in said.read_text(errors="replace").splitlines() if not _is_summary(line)]
    return os.waitstatus_to_exitcode(status), lines


def _is_summary(line: str) -> bool:
    return line.split(":")[0] in ("masks", "overlay", "cut-out", "coco", "cvat", "yolo", "labelme", "JSON") or (
        line.startswith(f"{LENGTH} frames, ")
    )


def _hook(at: int, happens: Happens) -> Callable[[str, tuple], None]:
    here, count = os.getcwd(), 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal count
        path = arguments[0] if event in OPERATIONS else None
        if isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(here):
            count += 1
            if count == at:
                happens()

    return hook


def _tree(folder: Path) -> dict[str, object]:
    """What a folder holds, links and devices as such."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else oct(path.stat().st_mode)
    return found


def _judge(code: int, lines: list[str], what: str) -> None:
    """Whether an end is one that is promised."""
    if code < 0 or code == 99:
        raise Failure("B" if code < 0 else "C", f"{what}: exit code {code}: {lines[-3:]}")
    if code == 2 and not (lines and lines[-1].startswith("ttvos: error: ")):
        raise Failure("C", f"{what}: refused without a line: {lines}")
    if any("Traceback" in line or "Exception" in line for line in lines) or (code == 2 and len(lines) > 1):
        raise Failure("C", f"{what}: {lines[-6:]}")


PLACES = (
    "new", "new/deep", "file", "folder", "full", "to_file", "to_folder", "to_nowhere", "loop", "fifo", "null",
    "devfull", "walk.avi", "first.png", ".", "", "..", "walk.avi/x", "file/x", "full/x", "to_folder/x", "n" * 255,
    "n" * 256, "a\nb", os.fsdecode(b"\xff\xfe"), "-x", "ö☃", "~", "%05d", "{name}", "new.unfinished-00000000",
    ".ttvos-partial-x",
)  # fmt: skip


def _odd_places(folder: Path) -> None:
    _prepare(folder)
    (folder / "file").write_text("mine")
    (folder / "folder").mkdir()
    (folder / "full").mkdir()
    (folder / "full/notes.txt").write_text("mine")
    (folder / "real").mkdir()
    targets = {"file": "file", "folder": "real", "nowhere": "not/there"}
    for name, target in targets.items():
        (folder / f"to_{name}").symlink_to(target)
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    (folder / "null").symlink_to("/dev/null")
    (folder / "devfull").symlink_to("/dev/full")


@attack("odd places of outputs", aim="A")
def places(rng: random.Random, folder: Path) -> str:
    """All outputs that are asked for are there and whole, or nothing has changed."""
    work = folder / "work"
    work.mkdir()
    os.chdir(work)
    _odd_places(work)
    (work / "new.unfinished-00000000").mkdir()
    (work / "new.unfinished-00000000/notes.txt").write_text("mine")
    kind = rng.choice(("png", "png", "coco", "cvat", "yolo", "labelme"))
    suffix = {"coco": ".json", "cvat": ".xml"}.get(kind, "")
    wanted = {"--out": rng.choice(PLACES) + suffix}
    for option, suffixes in {
        "--overlay": (".mp4", ".webm"),
        "--cutout": ("", ".webm"),
        "--json": ("", ".json"),
    }.items():
        if rng.random() < 0.4:
            wanted[option] = rng.choice(PLACES) + rng.choice(suffixes)
    before = _tree(work)
    arguments = ["segment", *SOURCE, "--format", kind, *(f"{option}={place}" for option, place in wanted.items())]
    code, lines = _ttvos(arguments)
    _judge(code, lines, f"{wanted}")
    after = _tree(work)
    if code:
        # Masks that are done may stay beside their place, for --resume.
        kept = {name for name in {*after} - {*before} if UNFINISHED in name}
        changed = sorted(name for name in {*before, *after} - kept if before.get(name) != after.get(name))
        if changed:
            raise Failure("A", f"{wanted}: refused ({lines}), and changed {changed}")
        return REFUSED
    written = {Path(os.path.abspath(place.replace("{name}", "walk"))).resolve() for place in wanted.values()}
    for name, content in before.items():
        if after.get(name) != content and not any(each in (Path(name), *Path(name).parents) for each in written):
            raise Failure("A", f"{wanted}: changed {name}")
    _check_outputs({option: Path(place.replace("{name}", "walk")) for option, place in wanted.items()}, kind)
    return "taken"


def _check_outputs(wanted: dict[str, Path], kind: str) -> None:
    if kind == "png":
        _check_masks(wanted["--out"])
    elif kind == "coco":
        json.loads(wanted["--out"].read_text())
    if "--json" in wanted and wanted["--json"].is_file():
        json.loads(wanted["--json"].read_text())
    for option in ("--overlay", "--cutout"):
        if option in wanted and wanted[option].is_file() and open_source(wanted[option]).count != LENGTH:
            raise Failure("A", f"{option} {wanted[option]}: not all frames")


def _go_on(rng: random.Random, folder: Path, arguments: list[str], what: str) -> str:
    """After a run that did not end well, --resume makes what an undisturbed run makes, or has nothing to go on from."""
    out = folder / "o"
    if out.exists():
        _check_masks(out)
    if rng.random() < 0.2:
        for state in folder.glob(f"*{UNFINISHED}*/state.npz"):
            os.truncate(state, rng.randrange(state.stat().st_size))
    was_there = bool(list(folder.glob(f"*{UNFINISHED}*")))
    code, lines = _ttvos([*arguments, "--resume"])
    _judge(code, lines, f"{what}, then --resume")
    came = "resumed"
    if code == 2:
        if was_there and not out.exists():
            raise Failure("A", f"{what}: cannot be resumed: {lines}")
        code, lines = _ttvos(arguments)
        came = "begun anew"
    if code:
        raise Failure("D", f"{what}: the next run ends with {code}: {lines}")
    _check_masks(out)
    rest = [path.name for path in folder.iterdir() if UNFINISHED in path.name or path.name.startswith(PARTIAL)]
    if rest:
        raise Failure("A", f"{what}: {came}, and {rest} stay")
    return came


def _begin(rng: random.Random, folder: Path) -> list[str]:
    _prepare(folder)
    arguments = ["segment", *SOURCE, "--out", "o"]
    if rng.random() < 0.3:
        for index, mask in enumerate(_expected()):  # of an earlier run
            write_mask(folder / f"o/{index:05d}.png", mask)
    return arguments + (["--overlay", "seen.mp4"] if rng.random() < 0.3 else [])


@attack("killed at a file operation, then resumed", aim="A")
def killed(rng: random.Random, folder: Path) -> str:
    """By a signal that ends at once, or by one that lets the program end in order."""
    arguments, number = _begin(rng, folder), rng.choice((signal.SIGKILL, signal.SIGTERM))
    at = rng.randint(1, 80)
    code, lines = _ttvos(arguments, at, lambda: os.kill(os.getpid(), number))
    if code not in (0, -number, 128 + number):
        _judge(code, lines, f"{number.name} at {at}")
        raise Failure("C", f"{number.name} at {at}: exit code {code}: {lines}")
    return _go_on(rng, folder, arguments, f"{number.name} at {at}")


@attack("killed at a moment, then resumed", aim="A")
def killed_at_a_moment(rng: random.Random, folder: Path) -> str:
    """As others kill: at a time, wherever the program is."""
    arguments, seconds = _begin(rng, folder), rng.uniform(0, 1.5)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        time.sleep(seconds)
        for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if int(each) != os.getpid():
                os.kill(int(each), signal.SIGKILL)
        os._exit(0)
    code, lines = _ttvos(arguments)
    os.waitpid(child, 0)
    if code not in (0, -signal.SIGKILL):
        raise Failure("C", f"SIGKILL after {seconds} s: exit code {code}: {lines}")
    return _go_on(rng, folder, arguments, f"SIGKILL after {seconds} s")


@attack("a file operation fails, then resumed", aim="A")
def failing(rng: random.Random, folder: Path) -> str:
    """A disk that is full, broken or not writable any more, for once."""
    arguments, at = _begin(rng, folder), rng.randint(1, 80)
    number = rng.choice((errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES))

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    code, lines = _ttvos(arguments, at, fail)
    what = f"{os.strerror(number)} at {at}"
    _judge(code, lines, what)
    return _go_on(rng, folder, arguments, what)


@contextlib.contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A disk of so many bytes at a folder; yields whether there is one: only root may mount it."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            os.chdir("/")
            subprocess.run(["umount", "-l", str(folder)], check=True)


@attack("a full disk, then resumed", aim="A")
def full_disk(rng: random.Random, folder: Path) -> str:
    """It fills up at any point; then there is room."""
    disk = folder / "disk"
    disk.mkdir()
    with _small_disk(disk, 1 << 22) as mounted:
        if not mounted:
            return "no disk"
        os.chdir(disk)
        arguments = _begin(rng, disk)
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(4096))
        os.truncate(filler, max(filler.stat().st_size - 4096 * rng.randint(0, 40), 0))
        code, lines = _ttvos(arguments)
        _judge(code, lines, "full disk")
        filler.unlink()
        return _go_on(rng, disk, arguments, "full disk")


def prepare() -> None:
    """Loads what all tries share, before they are forked."""
    importlib.import_module("ai_edge_litert.interpreter")
    assert segment
    _expected()


prepare()
