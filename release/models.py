"""Makes folders that a model hub takes as they are: `.tflite` files, card, licence, checksums, and a program each way.

python release/models.py [--out out/models]

One folder for each network. Its README.md is the card in Hugging Face's form. The card's text is that of
weights/<network>.md, its numbers are those of docs/results.md, its files those of ttvos_tf/models/models.json.
"""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_folder
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.runtime.installed import FOLDER, default_name, find_model, installed

ROOT = Path(__file__).resolve().parent.parent
USAGE = ROOT / "release" / "usage"
MADE_HERE = re.compile(r"README\.md|LICENSE\.md|SHA256SUMS|CMakeLists\.txt|usage\.\w+|ttvos_.*\.tflite")
ROW = re.compile(
    r"^\| `(?P<name>\w+)`[^|]*\| (?P<mask>[\d.]+) \| (?P<box>[\d.]+) \| (?P<milliseconds>[\d.]+) \|", re.MULTILINE
)
# Language -> file, what it needs, and whether the project's tests run it.
PROGRAMS = {
    "Python": ("usage.py", "NumPy, ai-edge-litert", "run, the masks compared"),
    "C++": ("usage.cpp", "LiteRT's C API, CMake", "built and run, the same masks as Python's"),
    "JavaScript": ("usage.mjs", "LiteRT.js", "run in Node, the same masks as Python's"),
    "Kotlin": ("usage.kt", "LiteRT 1.x's Interpreter", "compiled, not run"),
    "Swift": ("usage.swift", "TensorFlowLiteSwift", "neither compiled nor run: no compiler was at hand"),
}

HOW_TO_RUN = """\
Time on two cores of an AMD EPYC. `SHA256SUMS` has the checksums: `sha256sum --check SHA256SUMS`.

## How to run a file

A file has the signatures `init` and `step`. `init` takes the first frame and its mask, and gives the state. `step`
takes a frame and the whole state, and gives the probability and the next state. Each program here does that with raw
pictures of the file's size, height x width in its name:

    ffmpeg -i walk.mp4 -vf scale={width}:{height} -pix_fmt rgb24 -f rawvideo frames.rgb
    ffmpeg -i first.png -vf scale={width}:{height} -pix_fmt gray -f rawvideo first.gray    # the object is white
    python usage.py {file} frames.rgb first.gray masks.gray

| language | program | needs | tested |
| --- | --- | --- | --- |
"""

Results = Mapping[str, Mapping[str, str]]


@run_script("models.py")
def main(argv: list[str]) -> None:
    """Makes the folders, and prints where they are."""
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "out" / "models", metavar="DIR", help="(default: out/models)"
    )
    out = parser.parse_args(argv).out
    check_outputs([ROOT / "weights", USAGE, FOLDER], {}, {"--out": out})
    results = measured((ROOT / "docs" / "results.md").read_text())
    networks: dict[str, dict[str, dict]] = {}
    for name, entry in installed().items():
        networks.setdefault(network_of(name), {})[name] = entry
    folders = {network: out / f"ttvos_{network}" for network in networks}
    check_outputs(
        [USAGE, *map(find_model, installed())], {}, {f"--out, {key}": path for key, path in folders.items()}, made_here
    )
    for network, entries in networks.items():
        with atomic_folder(folders[network], made_here) as folder:
            fill(folder, network, entries, results)
        print(f"{folders[network]}: {len(entries)} models")


def made_here(path: Path) -> bool:
    """Whether a file is one that this script makes."""
    return bool(MADE_HERE.fullmatch(path.name))


def network_of(name: str) -> str:
    """From "hrnet_480x864_int8" to "hrnet"."""
    return name.rsplit("_", 2)[0]


def measured(text: str) -> Results:
    """Model -> "mask", "box" (J&F) and "milliseconds", from the first table of docs/results.md."""
    return {row["name"]: row.groupdict() for row in ROW.finditer(text)}


def fill(folder: Path, network: str, entries: Mapping[str, dict], results: Results) -> None:
    """Writes a network's folder.

    Args:
        folder: empty.
        network: its name.
        entries: of models.json.
        results: of `measured`.

    Raises:
        TTVOSError: a model has no numbers in docs/results.md, or its file is not the one of models.json.
    """
    for name, entry in entries.items():
        shutil.copy(find_model(name), folder / entry["file"])
    for path in USAGE.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    shutil.copy(ROOT / "weights" / "LICENSE.md", folder)
    sums = [f"{entry['sha256']}  {entry['file']}\n" for entry in entries.values()]
    (folder / "SHA256SUMS").write_text("".join(sums))
    (folder / "README.md").write_text(card(network, entries, results))


def card(network: str, entries: Mapping[str, dict], results: Results) -> str:
    """The card of a network: a head for the hub, then text for people."""
    if missing := [name for name in entries if name not in results]:
        raise TTVOSError(
            f"docs/results.md: its first table has no row of {missing[0]}: measure it, see the command there"
        )
    head = {
        "license": "other",
        "license_name": "non-commercial-training-data",
        "license_link": "LICENSE.md",
        "library_name": "litert",
        "pipeline_tag": "mask-generation",
        "tags": ["video-object-segmentation", "tracking", "tflite", "litert", "int8", "on-device"],
        "model-index": [_index(name, results[name]) for name in entries],
    }
    files = [
        f"| `{entry['file']}` | {results[name]['mask']} | {results[name]['box']} | {results[name]['milliseconds']} | "
        f"{entry['size_bytes'] / 1e6:.1f} MB{', the default' * (name == default_name())} |"
        for name, entry in entries.items()
    ]
    programs = [
        f"| {language} | `{file}` | {needs} | {tested} |" for language, (file, needs, tested) in PROGRAMS.items()
    ]
    first, entry = next(iter(entries.items()))
    height, width = first.split("_")[-2].split("x")
    lines = [
        "---",
        *(f"{key}: {json.dumps(value)}" for key, value in head.items()),  # JSON is YAML
        f"---\n\n# TTVOS, {network}\n",
        text_of_card((ROOT / "weights" / f"{network}.md").read_text()),
        "\n## Files\n",
        "| file | J&F, mask given | J&F, box given | milliseconds a frame | size |\n| --- | --- | --- | --- | --- |",
        *files,
        "",
        HOW_TO_RUN.format(height=height, width=width, file=entry["file"]) + "\n".join(programs),
    ]
    return "\n".join(lines) + "\n"


def _index(name: str, result: Mapping[str, str]) -> dict:
    """A model's numbers, as the hub reads them."""
    task = {"type": "mask-generation", "name": "video object segmentation"}
    data = {
        "type": "davis-2016",
        "name": "DAVIS 2016: six sequences of its training set that no training saw",
        "split": "train",
    }
    metrics = [
        {"type": "j-and-f", "name": f"J&F, {given} given", "value": float(result[given])} for given in ("mask", "box")
    ]
    return {"name": name, "results": [{"task": task, "dataset": data, "metrics": metrics}]}


def text_of_card(text: str) -> str:
    """The part of weights/<network>.md that is about use, without links that lead out of the folder."""
    body = text.split("\n", 1)[1].split("\n## ")[0].strip()
    return re.sub(r"\[([^]]+)\]\((?!https?:|LICENSE\.md\))[^)]*\)", r"\1", body)


if __name__ == "__main__":
    sys.exit(main())
