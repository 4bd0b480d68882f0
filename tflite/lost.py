"""Whether `lost` in a Tracker's scores tells that an object is lost: on sequences with exact masks, and after cuts.

    python training/challenge.py --out challenge --height 240 --each 1 --seed 300
    python tflite/lost.py MODEL --davis challenge --split all --json lost.json

All ids of a sequence are one object, given in the first frame. After its end come --cut frames of the next sequence, in
which the object is not. A frame is truly lost if the object is out of sight, or nothing is labelled, or the label is
something else: J below 0.1. It is tracked if J is 0.5 or more. Printed are:

    precision    of the frames told lost, the share that is truly lost
    recall       of the truly lost frames, the share that is told
    half         of the frames told lost, the share with J from 0.1 to 0.5: neither lost nor tracked
    false alarm  of the tracked frames, the share told lost
    cut          of the frames after a cut, the share told lost; the memory needs a few to notice
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_sequence_arguments, open_json
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import annotated
from ttvos_tf.evaluation.jaccard import jaccard
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.runtime import Tracker

LOST, TRACKED = 0.1, 0.5


@dataclass(frozen=True)
class Seen:
    """A frame: whether it was told lost; its J, 0 where it is truly lost; whether it comes after a cut."""

    told: bool
    j: float
    after_cut: bool


@run_script("lost.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    add_sequence_arguments(parser, split="all")
    parser.add_argument("--cut", type=int, default=10, metavar="N", help="frames after a cut (default: 10)")
    args = parser.parse_args(argv)
    if args.cut < 1:
        raise TTVOSError(f"--cut {args.cut}: must be 1 or more")
    with open_json(args.json, [args.model, args.davis]) as write_json:
        result = summary(list(measure(args)))
        write_json(result)
    print("\n".join(f"{name:12} {value}" for name, value in result.items()))


def measure(args: argparse.Namespace) -> Iterator[Seen]:
    """Tracks all sequences, each with its cut."""
    videos = sequences(args.davis, args.split, "2016")
    tracker = Tracker(args.model, args.threads)
    pairs = list(zip(videos, [*videos[1:], videos[0]], strict=True))
    for video, other in tqdm(pairs, unit="sequence", desc="tracking", disable=None):
        yield from track(tracker, video, other, args.cut)


def track(tracker: Tracker, video: AnnotatedVideo, other: AnnotatedVideo, cut: int) -> Iterator[Seen]:
    """Tracks a sequence, then goes on with `cut` frames of another."""
    truth = [annotated(read_mask(path), "2016") for path in video.annotations]
    tracker.start(read_image(video.frames[0], upright=False), truth[0])
    for path, mask in zip(video.frames[1:], truth[1:], strict=True):
        labels = tracker.step(read_image(path, upright=False))
        j = jaccard(labels == 1, mask == 1) if labels.any() and mask.any() else 0.0
        yield Seen(tracker.scores[1].lost, j, after_cut=False)
    for path in other.frames[:cut]:
        tracker.step(cv2.resize(read_image(path, upright=False), truth[0].shape[::-1]))
        yield Seen(tracker.scores[1].lost, 0.0, after_cut=True)


def summary(frames: list[Seen]) -> dict[str, float | int]:
    """What the module's docstring says, shares as numbers from 0 to 1; NaN of no frames."""
    after_cut = np.array([frame.after_cut for frame in frames])
    told, j = np.array([frame.told for frame in frames]), np.array([frame.j for frame in frames])
    lost, tracked = ~after_cut & (j < LOST), ~after_cut & (j >= TRACKED)
    half = ~after_cut & ~lost & ~tracked
    flagged = told & ~after_cut

    def share(part: np.ndarray, of: np.ndarray) -> float:
        return round(float((part & of).sum() / of.sum()), 3) if of.any() else float("nan")

    return {
        "frames": int((~after_cut).sum()),
        "lost frames": int(lost.sum()),
        "precision": share(lost, flagged),
        "recall": share(told, lost),
        "half": share(half, flagged),
        "false alarm": share(told, tracked),
        "cut": share(told, after_cut),
    }


if __name__ == "__main__":
    sys.exit(main())
