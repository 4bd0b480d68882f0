"""Whether an int8 file stays with the float one over long clips: masks, and the template that is carried along.

    python tflite/drift.py INT8 FLOAT                      # the bundled sample clip, rendered with exact masks
    python tflite/drift.py INT8 FLOAT --davis DAVIS        # and a split's sequences
    python tflite/drift.py INT8 FLOAT --frames 600 --json drift.json

Clips run forwards and backwards until they have --frames frames; each file goes on from its own masks all along. Both
may be files or names of installed models. Columns:

    tracked     share of frames in which the float masks have an IoU of at least 0.5 with the true ones; the others are
                not counted in the next two
    mean, low   IoU of int8 and float masks with each other: mean, and what nine frames in ten are above
    template    relative error of the int8 file's template, in the first, middle and last third of the clip
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_json_argument, open_json
from ttvos_tf.data.davis import sequences
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.jaccard import jaccard
from ttvos_tf.limits import check_whole
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.runtime.interpreter import TFLiteModel
from ttvos_tf.runtime.letterbox import letterbox
from ttvos_tf.sample import render as sample

TRACKED = 0.5
LEAST_FRAMES = 4  # the first, and one for each third


@dataclass(frozen=True)
class LongClip:
    """A clip to run to and fro.

    Attributes:
        name: of the clip.
        frames: uint8 RGB (T, H, W, 3).
        masks: uint8 (T, H, W), 1 where the target is.
    """

    name: str
    frames: np.ndarray
    masks: np.ndarray


@dataclass(frozen=True)
class Drift:
    """What was measured on a clip; see the module's docstring."""

    clip: str
    frames: int
    tracked: float
    mean: float
    low: float
    template: tuple[float, float, float]


@run_script("drift.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("int8", help="the file in question")
    parser.add_argument("float", help="the file to compare with, of the same frame size")
    parser.add_argument("--davis", type=Path, metavar="DIR", help="a DAVIS folder, for real clips too")
    parser.add_argument("--split", default="val", help="which of its sequences (default: val)")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help="length of a clip (default: 300)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the models (default: 2)")
    add_json_argument(parser)
    args = parser.parse_args(argv)
    check_whole(args.frames, LEAST_FRAMES, 100_000, "--frames")
    with open_json(args.json, [args.int8, args.float]) as write_json:
        results = list(measure(args))
        write_json([asdict(result) for result in results])
    print("\n".join(table(results)))


def measure(args: argparse.Namespace) -> Iterator[Drift]:
    """Measures clip by clip."""
    models = TFLiteModel(args.int8, args.threads), TFLiteModel(args.float, args.threads)
    if models[0].size != models[1].size:
        raise TTVOSError(f"{args.int8} and {args.float} are for frames of different size")
    for clip in clips(args.davis, args.split):
        yield compare(*models, clip, args.frames)


def clips(davis: Path | None, split: str) -> Iterator[LongClip]:
    """The rendered clip's two objects, then the sequences of a DAVIS split, all objects as one."""
    frames, masks = sample.render()
    for name, label in (("rendered car", sample.CAR), ("rendered balloon", sample.BALLOON)):
        yield LongClip(name, frames, (masks == label).astype(np.uint8))
    for video in sequences(davis, split, "2016") if davis else ():
        pictures = np.stack([read_image(path, upright=False) for path in video.frames])
        truth = [read_mask(path, size=pictures.shape[1:3], any_image=True) for path in video.annotations]
        yield LongClip(video.name, pictures, (np.stack(truth) > 0).astype(np.uint8))


def compare(model: TFLiteModel, reference: TFLiteModel, clip: LongClip, length: int) -> Drift:
    """Runs two files side by side through a clip of `length` frames, forwards and backwards in turns.

    Args:
        model: the one in question.
        reference: the float one.
        clip: what to run through.
        length: frames to run; the clip has them by turning round at its ends.
    """
    _, height, width, _ = clip.frames.shape
    placed = letterbox((height, width), model.size)
    there = [*range(len(clip.frames)), *range(len(clip.frames) - 2, 0, -1)]
    order = [there[index % len(there)] for index in range(length)]
    frames = [placed.frame_to_model(frame) for frame in clip.frames]
    truth = [placed.mask_to_model(mask.astype(bool)) for mask in clip.masks]
    first = {"frame": frames[0], "mask": truth[0]}
    states = [each("init", first) for each in (model, reference)]
    agreement, tracked, errors = [], [], []
    for index in tqdm(order[1:], desc=clip.name, unit="frame", leave=False, disable=None):
        masks = []
        for place, each in enumerate((model, reference)):
            states[place] = each("step", {"frame": frames[index], **states[place]})
            masks.append(states[place].pop("probability") > 0.5)
        agreement.append(jaccard(*masks))
        tracked.append(jaccard(masks[1], truth[index] > 0.5) >= TRACKED)
        ours, theirs = (state["state_template"] for state in states)
        errors.append(float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)))
    counted = np.array(agreement)[np.array(tracked)]
    if not len(counted):
        raise TTVOSError(f"{clip.name}: the float model does not track it at all")
    first_third, middle, last_third = (float(np.mean(part)) for part in np.array_split(errors, 3))
    share = float(np.mean(tracked))
    template = first_third, middle, last_third
    return Drift(clip.name, length, share, float(counted.mean()), float(np.quantile(counted, 0.1)), template)


def table(results: list[Drift]) -> list[str]:
    """Lines of a Markdown table, a clip a line."""
    lines = ["| clip | frames | tracked | mean | low | template |", "| --- | --- | --- | --- | --- | --- |"]
    for each in results:
        template = " / ".join(f"{100 * value:.1f} %" for value in each.template)
        values = f"{each.frames} | {100 * each.tracked:.0f} % | {each.mean:.3f} | {each.low:.3f} | {template}"
        lines.append(f"| {each.clip} | {values} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
