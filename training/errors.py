"""Draws what a model gets right and wrong: a row a sequence, frames evenly over its length.

    ttvos evaluate --davis DAVIS --year 2016 --model NAME --out masks
    python training/errors.py --davis DAVIS --results masks --out errors.png

Green is right, blue is missed, red is too much or another object; every picture has its J.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.data.davis import sequences
from ttvos_tf.data.video_clips import AnnotatedVideo
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import annotated, predicted
from ttvos_tf.evaluation.jaccard import jaccard
from ttvos_tf.limits import check_whole
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.images import read_image, read_mask
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.sizes import size_of

RIGHT, MISSED, WRONG = (0, 130, 0), (0, 0, 130), (130, 0, 0)
HEIGHT = 180  # of a picture, in pixels


@run_script("errors.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--davis", type=Path, required=True, metavar="DIR", help="a DAVIS folder")
    parser.add_argument("--year", choices=["2016", "2017"], default="2016", help="2016: one object (default: 2016)")
    parser.add_argument("--split", default="val", help="which of its sequences (default: val)")
    parser.add_argument(
        "--results", type=Path, required=True, metavar="DIR", help="masks, as ttvos evaluate writes them"
    )
    parser.add_argument("--columns", type=int, default=6, metavar="N", help="pictures a sequence (default: 6)")
    parser.add_argument("--out", type=Path, default=Path("errors.png"), metavar="FILE", help="(default: errors.png)")
    args = parser.parse_args(argv)
    check_whole(args.columns, 1, 100, "--columns")
    videos = sequences(args.davis, args.split, args.year)
    read = [folder for video in videos for folder in (video.frames[0].parent, video.annotations[0].parent)]
    read += [args.results / video.name for video in videos]
    check_outputs(read, {"--out": args.out})
    rows = [row(video, args) for video in tqdm(videos, unit="sequence", disable=None)]
    width = max(pictures.shape[1] for pictures in rows)
    sheet = np.vstack([np.pad(pictures, ((0, 0), (0, width - pictures.shape[1]), (0, 0))) for pictures in rows])
    check_outputs(read, {"--out": args.out})
    with atomic_file(args.out) as partial:
        Image.fromarray(sheet).save(partial, format="PNG")
    print(args.out)


def row(video: AnnotatedVideo, args: argparse.Namespace) -> np.ndarray:
    """Pictures of a sequence's scored frames, side by side: uint8 RGB (HEIGHT, width, 3)."""
    scored = range(1, len(video.frames) - 1)
    if not scored:
        raise TTVOSError(f"{video.name}: needs 3 frames or more: the first and the last are not scored")
    pictures = []
    for index in np.unique(np.linspace(scored[0], scored[-1], args.columns).round().astype(int)):
        truth = annotated(read_mask(video.annotations[index]), args.year)
        found = predicted(read_mask(args.results / video.name / video.annotations[index].name), args.year)
        frame = read_image(video.frames[index], upright=False)
        if size_of(frame) != truth.shape:
            raise TTVOSError(f"{video.annotations[index]}: the mask has another size than {video.frames[index]}")
        if found.shape != truth.shape:
            raise TTVOSError(f"{args.results / video.name}: its masks have another size than the annotations")
        pictures.append(picture(frame, truth, found, f"{video.name} {index}"))
    return np.hstack(pictures)


def picture(frame: np.ndarray, truth: np.ndarray, found: np.ndarray, title: str) -> np.ndarray:
    """One frame, darkened and coloured: uint8 RGB (HEIGHT, width, 3).

    Args:
        frame: uint8 RGB (H, W, 3).
        truth, found: ids, uint8 (H, W).
        title: written on it, before J of all objects together.
    """
    drawn = frame // 2
    drawn[(found == truth) & (truth > 0)] += np.array(RIGHT, np.uint8)
    drawn[(found == 0) & (truth > 0)] += np.array(MISSED, np.uint8)
    drawn[(found != truth) & (found > 0)] += np.array(WRONG, np.uint8)
    width = max(1, round(HEIGHT * frame.shape[1] / frame.shape[0]))
    small = cv2.resize(drawn, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    text = f"{title}: J {100 * jaccard(found > 0, truth > 0):.0f}"
    return cv2.putText(small, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)


if __name__ == "__main__":
    sys.exit(main())
