"""Makes the page's sample clip: the frames of the package's sample in VP9, which every browser plays.

    python web_demo/tools/make_sample.py        # needs ffmpeg; writes public/sample/sample.webm and sample.json

sample.json holds the objects that the page draws beforehand: names, and boxes around the masks of the first frame.
"""

import json
import subprocess
from pathlib import Path

import numpy as np

from ttvos_tf.sample import render as sample

FOLDER = Path(__file__).resolve().parent.parent / "public" / "sample"
NAMES = {sample.CAR: "Car", sample.BALLOON: "Balloon"}
MARGIN = 4  # pixels around the mask, as a person draws


def box(mask: np.ndarray) -> list[int]:
    """x, y, width, height around a mask, with the margin, inside the frame."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, top = max(columns[0] - MARGIN, 0), max(rows[0] - MARGIN, 0)
    right, bottom = min(columns[-1] + 1 + MARGIN, mask.shape[1]), min(rows[-1] + 1 + MARGIN, mask.shape[0])
    return [int(value) for value in (left, top, right - left, bottom - top)]


def main() -> None:
    """Draws the frames, encodes them, and writes the boxes."""
    frames, labels = sample.render()
    FOLDER.mkdir(parents=True, exist_ok=True)
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(sample.FPS), "-i", "-"]
    # Told which colours they are, decoders need not guess.
    colours = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-color_primaries", "bt709", "-color_trc", "bt709"]
    colours += ["-colorspace", "bt709", "-color_range", "tv", "-pix_fmt", "yuv420p"]
    codec = ["-c:v", "libvpx-vp9", "-crf", "30", "-b:v", "0", "-deadline", "good", "-cpu-used", "1", "-g", "40"]
    codec += ["-row-mt", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, *colours, *codec, str(FOLDER / "sample.webm")]
    subprocess.run(command, input=frames.tobytes(), check=True)
    objects = [{"name": name, "box": box(labels[0] == value)} for value, name in NAMES.items()]
    (FOLDER / "sample.json").write_text(json.dumps({"objects": objects}, indent=1) + "\n")


if __name__ == "__main__":
    main()
