"""Makes the sequences that networks are chosen by: exact masks, and one known difficulty each.

    python training/challenge.py --out challenge
    python training/challenge.py --out challenge --saliency ECSSD PASCAL-S --objects objects
    ttvos evaluate --davis challenge --year 2016 --split all --model NAME --json runs/a/challenge.json

The folder has the layout of DAVIS, with a list of sequences for each difficulty, for each source and for all. `painted`
sequences need no data. `stills` are composited from the held-out images of the folders given: train without them.
"""

import functools
import json
import sys
from pathlib import Path

import cv2
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.data.challenge import CHALLENGE_VERSION, DIFFICULTIES, sequence
from ttvos_tf.data.looks import Looks, PaintedLooks, StillLooks
from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_whole
from ttvos_tf.media.atomic import atomic_folder
from ttvos_tf.media.images import write_mask
from ttvos_tf.media.outputs import check_outputs

JPEG_QUALITY = 90


@run_script("challenge.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make; it appears when whole")
    parser.add_argument(
        "--saliency", type=Path, nargs="+", default=[], metavar="DIR", help="stills with one thing each"
    )
    parser.add_argument("--objects", type=Path, nargs="+", default=[], metavar="DIR", help="stills with several things")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other sequences (default: 0)")
    parser.add_argument(
        "--each", type=int, default=6, metavar="N", help="sequences of each difficulty and source (default: 6)"
    )
    parser.add_argument("--height", type=int, default=480, metavar="H", help="of the frames, in pixels (default: 480)")
    args = parser.parse_args(argv)
    for name, low, high in (("seed", 0, 2**32 - 1), ("each", 1, 10_000), ("height", 32, 4320)):
        check_whole(getattr(args, name), low, high, f"--{name}")
    check = functools.partial(check_outputs, [*args.saliency, *args.objects], {}, {"--out": args.out})
    check(lambda file: False)
    sources: dict[str, Looks] = {"painted": PaintedLooks()}
    if args.saliency or args.objects:
        sources["stills"] = StillLooks(args.saliency, args.objects)
    with atomic_folder(args.out) as folder:
        count = write(folder, sources, args.seed, args.each, args.height)
        check()
    print(f"{args.out}: {count} sequences")


def write(folder: Path, sources: dict[str, Looks], seed: int, each: int, height: int) -> int:
    """Renders all sequences into an empty folder, in the layout of DAVIS; returns their number."""
    jobs = [(d, s, i) for s in sources for d in DIFFICULTIES for i in range(each)]
    lists: dict[str, list[str]] = {}
    for difficulty, source, index in tqdm(jobs, unit="sequence", desc="rendering", disable=None):
        name = f"{difficulty}-{source}-{index}"
        clip = sequence(name, difficulty, index, sources[source], seed, height)
        images, annotations = folder / "JPEGImages/480p" / name, folder / "Annotations/480p" / name
        for made in (images, annotations):
            made.mkdir(parents=True)
        for t, (frame, mask) in enumerate(zip(clip.frames, clip.masks, strict=True)):
            path, quality = images / f"{t:05d}.jpg", [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            if not cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), quality):
                raise TTVOSError(f"{path}: cannot be written (is the disk full?)")
            write_mask(annotations / f"{t:05d}.png", mask)
        for title in (difficulty, source, "all"):
            lists.setdefault(title, []).append(name)
    (folder / "ImageSets/2016").mkdir(parents=True)
    for title, names in lists.items():
        (folder / f"ImageSets/2016/{title}.txt").write_text("\n".join(names) + "\n")
    about = {"version": CHALLENGE_VERSION, "seed": seed, "each": each, "height": height, "sources": list(sources)}
    (folder / "challenge.json").write_text(json.dumps(about, indent=2) + "\n")
    return len(jobs)


if __name__ == "__main__":
    sys.exit(main())
