"""What a second mask is worth, given in the middle of a sequence: after it, and before it.

    python tflite/corrections.py MODEL --davis DAVIS
    python tflite/corrections.py MODEL --davis DAVIS --split val --json corrections.json

All ids of a sequence are one object, given in the first frame and in the middle. J&F, as DAVIS has it, of:

    after, uncorrected   the frames after the middle, without the second mask
    after, corrected     the same frames with it: tracking goes on from it
    between, forwards    the frames between both masks, tracked forwards alone
    between, joined      the same frames, tracked in both directions and joined
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_sequence_arguments, open_json
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import annotated, score_sequence
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.sizes import size_of
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.prompts import Prompt, Prompts
from ttvos_tf.runtime.propagate import Frames, propagate

COLUMNS = ("uncorrected", "corrected", "forwards", "joined")


@dataclass(frozen=True)
class Worth:
    """What was measured on a sequence, J&F in percent; see the module's docstring."""

    sequence: str
    uncorrected: float
    corrected: float
    forwards: float
    joined: float


@run_script("corrections.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    add_sequence_arguments(parser, split="val")
    args = parser.parse_args(argv)
    with open_json(args.json, [args.model, args.davis]) as write_json:
        results = list(measure(args))
        write_json([asdict(result) for result in results])
    print("\n".join(table(results)))


def measure(args: argparse.Namespace) -> Iterator[Worth]:
    """Measures sequence by sequence."""
    videos = sequences(args.davis, args.split, "2016")
    tracker = Tracker(args.model, args.threads)
    for video in videos:
        yield compare(tracker, video)


def compare(tracker: Tracker, video: AnnotatedVideo) -> Worth:
    """Tracks a sequence of at least 5 frames without the second mask, with it, and in both directions."""
    truth = [annotated(read_mask(path), "2016") for path in video.annotations]
    middle, last = len(truth) // 2, len(truth) - 1
    if len(truth) < 5 or not truth[middle].any():
        raise TTVOSError(f"{video.name}: needs 5 frames or more, and an object in the middle one")
    first, second = Prompt(0, truth[0]), Prompt(middle, truth[middle])

    def frames(order: range) -> Frames:
        return ((index, "", read_image(video.frames[index], upright=False)) for index in order)

    def labels(given: list[Prompt], backward: bool = False) -> list[np.ndarray]:
        prompts = Prompts(given, size_of(truth[0]), len(truth))
        back = frames(range(prompts.last, -1, -1)) if backward else None
        return [tracked.labels for tracked in propagate(tracker, frames(range(last + 1)), prompts, back)]

    def score(found: list[np.ndarray], part: slice) -> float:
        return 100 * score_sequence(zip(found[part], truth[part], strict=True), [1])[1].measures()["J&F-Mean"]

    between, after = slice(1, middle), slice(middle + 1, last)  # DAVIS leaves the last frame out
    forwards, joined = labels([first, second]), labels([first, second], backward=True)
    uncorrected = score(labels([first]), after)
    return Worth(video.name, uncorrected, score(forwards, after), score(forwards, between), score(joined, between))


def table(results: list[Worth]) -> list[str]:
    """Lines of a Markdown table, a sequence a line, and their mean."""
    lines = [
        "| sequence | after, uncorrected | after, corrected | between, forwards | between, joined |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [(each.sequence, [getattr(each, column) for column in COLUMNS]) for each in results]
    mean = np.mean([values for _, values in rows], axis=0).tolist()
    for name, values in [*rows, ("mean", mean)]:
        lines.append(f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
