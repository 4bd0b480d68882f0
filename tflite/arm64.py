"""Whether a file gives the same masks on ARM64 as here, in both runtimes. ARM64 is emulated by qemu.

    python tflite/arm64.py mobilenet_v2_240x432_int8 [--frames 12] [--json FILE]

Tracks the bundled clip's objects on this machine and on the emulated one, in ai-edge-litert and in tflite-runtime, and
prints the IoU of every two results. The emulator, an ARM64 Python (Debian packages, unpacked and not installed) and the
runtimes' wheels are fetched once, into ~/.cache/ttvos-arm64. Needs apt-get and dpkg-deb on an x86-64 Debian, and
tflite-runtime: `make test-tflite-runtime` makes an environment that has it, .venv-oldest.
"""

import functools
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_json_argument, open_json
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.jaccard import jaccard
from ttvos_tf.runtime.installed import find_model
from ttvos_tf.runtime.interpreter import MODULES
from ttvos_tf.sample import render as sample

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "tqdm", "tflite-runtime", "ai-edge-litert")
PLATFORMS = [f"manylinux_2_{glibc}_aarch64" for glibc in (17, 27, 28, 34)] + ["manylinux2014_aarch64"]
# qemu 7.2 computes SME wrongly (10.0 does not): with it, ai-edge-litert 2.3 gives other masks.
CPU = "max,sme=off"
# What an ARM64 kernel says of two Cortex-A72. The emulator would show this machine's, in which ai-edge-litert 2.3 finds
# no ARM core, hence no L2 cache, and it dies of the one that /sys tells of (github.com/pytorch/cpuinfo/pull/418).
CPUINFO = "".join(
    f"processor\t: {core}\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
    "CPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n"
    for core in range(2)
)
# Runs on both machines.
PROGRAM = """
import sys
import numpy as np
from ttvos_tf.runtime import Tracker

clip, model, runtime, out = sys.argv[1:]
with np.load(clip) as file:
    frames, mask = file["frames"], file["mask"]
tracker = Tracker(model, 1, runtime)
tracker.start(frames[0], mask)
np.save(out, np.stack([tracker.step(frame) for frame in frames[1:]]))
"""


@run_script("arm64.py")
def main(argv: list[str]) -> int:
    """Runs the command line; returns the exit code: 1 if the mean IoU of any two is below 0.99."""
    parser = Parser(description=__doc__)
    parser.add_argument("model", help="a .tflite file or the name of an installed model")
    parser.add_argument("--frames", type=int, default=12, metavar="N", help="frames of the clip (default: 12)")
    add_json_argument(parser)
    args = parser.parse_args(argv)
    with open_json(args.json, [args.model]) as write_json:
        results = compare(find_model(args.model).resolve(), args.frames)
        write_json(results)
    for each in results:
        print(f"{each['a']:<22} {each['b']:<22} IoU {each['mean']:.4f}, least {each['least']:.4f}")
    return 0 if min(each["mean"] for each in results) >= 0.99 else 1


def compare(model: Path, count: int) -> list[dict]:
    """Tracks on both machines in both runtimes.

    Returns:
        For every two of the four: their names "a" and "b"; "mean" and "least" IoU over frames and objects.
    """
    emulated = arm64_python()
    here = [sys.executable, "-c", PROGRAM], dict(os.environ)
    frames, truth = sample.render()
    labels = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.npz"
        np.savez(clip, frames=frames[:count], mask=truth[0])
        runs = [(m, runtime) for m in ("x86-64", "arm64") for runtime in MODULES]
        for machine, runtime in tqdm(runs, unit="run", disable=None):
            command, environment = here if machine == "x86-64" else ([*emulated, "-c", PROGRAM], _environment())
            out = Path(folder) / f"{machine}-{runtime}.npy"
            _run([*command, str(clip), str(model), runtime, str(out)], environment)
            labels[f"{machine} {runtime}"] = np.load(out)
    results = []
    for a, b in itertools.combinations(labels, 2):
        ious = [
            jaccard(one == label, other == label)
            for one, other in zip(labels[a], labels[b], strict=True)
            for label in (sample.CAR, sample.BALLOON)
        ]
        results.append({"a": a, "b": b, "mean": float(np.mean(ious)), "least": float(np.min(ious))})
    return results


def arm64_python() -> list[str]:
    """The command of an emulated Python that has the runtimes; fetched at the first call.

    Raises:
        TTVOSError: a tool is missing, or a download fails.
    """
    cache = _cache()
    if not (cache / "ready").exists():
        for tool in ("apt-get", "dpkg-deb"):
            if not shutil.which(tool):
                raise TTVOSError(f"{tool} is not here: ARM64's Python comes as Debian packages, see --help")
        shutil.rmtree(cache, ignore_errors=True)
        _fetch_debian(cache)
        _fetch_wheels(cache)
        (cache / "ready").touch()
    root = cache / "root"
    emulator = [str(cache / "host/usr/bin/qemu-aarch64-static"), "-cpu", CPU, "-L", str(root)]
    return [*emulator, str(root / "usr/bin/python3.11")]


@functools.cache
def _versions() -> dict[str, str]:
    """What is installed here; the emulated machine gets the same."""
    try:
        return {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise TTVOSError(f"{error.name} is not installed: run this with .venv-oldest, see --help") from None


def _cache() -> Path:
    """A folder for these versions; another version never finds an older one's files."""
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "ttvos-arm64" / "-".join(_versions().values())


def _environment() -> dict[str, str]:
    # Its own packages and this checkout only.
    return {"PYTHONPATH": f"{_cache() / 'site'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/nowhere"}


def _fetch_debian(cache: Path) -> None:
    """Python of ARM64 in `root`, the emulator in `host`; apt's lists lie here too, not among the machine's."""
    arm64 = _apt(cache, "arm64")
    planned = _run([*arm64, "install", "--simulate", "--no-install-recommends", "python3.11", "libstdc++6"])
    packages = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
    _unpack(arm64, packages, cache / "root")
    (cache / "root/proc").mkdir(exist_ok=True)
    (cache / "root/proc/cpuinfo").write_text(CPUINFO)
    _unpack(_apt(cache, "amd64"), ["qemu-user-static"], cache / "host")


def _apt(cache: Path, architecture: str) -> list[str]:
    """apt-get for an architecture, on a machine without any package."""
    state = cache / f"apt-{architecture}"
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    options = {
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "APT::Update::Error-Mode": "any",  # else no network is a warning only
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    _run([*apt, "update"])
    return apt


def _unpack(apt: list[str], packages: list[str], out: Path) -> None:
    """Downloads packages and unpacks them in a folder."""
    out.mkdir()
    with tempfile.TemporaryDirectory() as debs:
        _run([*apt, "download", *packages], cwd=Path(debs))
        for deb in tqdm(sorted(Path(debs).iterdir()), desc=f"unpacking {out.name}", leave=False, disable=None):
            _run(["dpkg-deb", "--extract", str(deb), str(out)])


def _fetch_wheels(cache: Path) -> None:
    """Python packages for ARM64."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    kind = ["--implementation", "cp", "--python-version", "3.11", "--only-binary=:all:", "--no-deps"]
    pinned = [f"{package}=={number}" for package, number in _versions().items()]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(cache / "site")]
    _run([*pip, *platforms, *kind, *pinned])


def _run(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Runs a program; returns what it printed."""
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise TTVOSError(f"{Path(command[0]).name} failed: {lines[-1]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
