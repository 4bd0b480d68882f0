"""Folders of short videos with a manifest, and a count of the processes that were begun for each."""

import collections
import json
import os
import re
import time
from pathlib import Path

import pytest

from tests.clips import clip, write_video
from tests.scripts import ROOT

MODEL = "mobilenet_v2_240x432_int8"
LENGTH = 4
BOX = [8, 6, 22, 20]


def write_tapes(folder: Path, count: int, length: int = LENGTH) -> list[str]:
    """Writes `count` videos and `m.jsonl`; returns the names of their folders below --out."""
    folder.mkdir(parents=True, exist_ok=True)
    frames, _ = clip(length)
    first = write_video(folder / "0.avi", frames)
    for index in range(1, count):
        (folder / f"{index}.avi").write_bytes(first.read_bytes())
    lines = [{"source": f"{index}.avi", "out": f"tapes/{index}", "boxes": [BOX]} for index in range(count)]
    (folder / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [str(line["out"]) for line in lines]


class Begun:
    """Counts, by a module that every Python process loads at its start, which of them begin to segment."""

    def __init__(self, folder: Path, hanging: str = "no such name"):
        """Counts in `folder`; every process for the folder `hanging` comes to a halt."""
        self._log = folder / "begun.log"
        self._log.touch()
        module = folder / "counting" / "sitecustomize.py"
        module.parent.mkdir()
        module.write_text(
            "import os, sys\n"
            "if 'ttvos_tf.archive.child' in sys.orig_argv:\n"
            f"    with open({str(self._log)!r}, 'a') as log:\n"
            "        log.write(f'{os.getpid()} {sys.orig_argv}\\n')\n"
            f"    if any(each.endswith({hanging + '/masks'!r}) for each in sys.orig_argv):\n"
            "        os.kill(os.getpid(), 19)\n"
        )
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(module.parent), str(ROOT)])}

    def counts(self) -> collections.Counter:
        """Name of a video's folder -> processes that were begun for it."""
        return collections.Counter(re.findall(r"'--out', '\S*?results/(\S+)/masks'", self._log.read_text()))

    def processes(self) -> list[tuple[int, str]]:
        """Process numbers, and the names, in the order of their beginnings."""
        found = re.findall(r"^(\d+) .*'--out', '\S*?results/(\S+)/masks'", self._log.read_text(), re.MULTILINE)
        return [(int(number), name) for number, name in found]


def until(condition, seconds: float = 1200):
    """Waits for something; what it was when it came true."""
    for _ in range(int(seconds * 20)):
        if value := condition():
            return value
        time.sleep(0.05)
    return pytest.fail(f"waited {seconds} seconds")


def read_report(path: Path) -> dict[str, dict]:
    """Name of a video's folder -> its line of a report."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {record["out"]: record for record in records}
