"""Uses an installed package as its README says, on the first frames of the bundled clip. Run by wheel_test.sh.

python use.py PLACE REPOSITORY [REFERENCE]

PLACE is a new folder, REPOSITORY has the README and all models. REFERENCE is the PLACE of another run, whose masks must
be the same but for rounding.
"""

import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.evaluation.jaccard import jaccard
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.video import open_source
from ttvos_tf.sample.render import FIRST_MASK, VIDEO

FRAMES = 6
LEAST_IOU = 0.95  # versions of a runtime round differently: 0.99 was seen


def main(place: Path, repository: Path, reference: Path | None = None) -> None:
    """Ends with an error where the package does not do what the README says."""
    os.chdir(place)
    assert not Path(read_mask.__code__.co_filename).is_relative_to(repository), "the repository is used, not the wheel"
    clip = write_clip(Path("ttvos_tf/sample/sample.mp4"))  # where the README's code looks for it

    listed = ttvos("models").splitlines()
    assert sum(line.endswith(" inside") for line in listed) == 2, listed
    assert any(line.endswith(" default, inside") for line in listed), listed
    assert any(line.endswith(" not here") for line in listed), listed

    ttvos("segment", clip, "--mask", FIRST_MASK, "--out", "masks_given", "--overlay", "overlay.mp4")
    ttvos("segment", clip, "--box", "115,324,218,83", "--model", "mobilenet_v2_240x432", "--out", "box_given")
    error = ttvos("info", "hrnet_240x432_int8", fails=True)
    assert error.count("\n") == 1 and "set TTVOS_MODELS" in error, error
    ttvos("info", "hrnet_240x432_int8", models=str(repository / "ttvos_tf" / "models"))

    (example,) = re.findall(r"^```python\n(.*?)^```", (repository / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    subprocess.run([sys.executable, "-c", example], check=True)
    for folder in ("masks_given", "box_given", "masks"):
        masks = sorted(Path(folder).glob("*.png"))
        assert len(masks) == FRAMES and read_mask(masks[-1]).any(), f"{folder}: {len(masks)} masks"
        if reference:
            least = min(iou(read_mask(path), read_mask(reference / path)) for path in masks)
            print(f"{folder}: least IoU with {reference.name} {least:.4f}")
            assert least >= LEAST_IOU, folder


def write_clip(path: Path) -> Path:
    """The first frames of the bundled clip, which the package has."""
    path.parent.mkdir(parents=True)
    frames = [frame for _, frame in islice(open_source(VIDEO), FRAMES)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def ttvos(*arguments: str | Path, fails: bool = False, models: str = "") -> str:
    """Runs the command beside this interpreter; returns what it printed, or its error."""
    command = [str(Path(sys.executable).parent / "ttvos"), *map(str, arguments)]
    environment = os.environ | {"TTVOS_MODELS": models, "XDG_CACHE_HOME": "cache"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == (2 if fails else 0), done.stderr
    return done.stderr if fails else done.stdout


def iou(mask: np.ndarray, other: np.ndarray) -> float:
    """Least J of the objects of two masks."""
    return min(jaccard(mask == label, other == label) for label in np.unique(mask[mask > 0]))


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
