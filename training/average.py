"""Averages the weights of runs that began with the same weights.

    python training/average.py runs/a/weights.npz runs/b/weights.npz --out runs/mean/weights.npz

Their mean often does better than each of them, for it lies in the middle of the valley that they wander in ("model
soups", Wortsman et al., 2022). Runs with nothing in common lie in different valleys: theirs is worth nothing.
"""

import sys
from pathlib import Path

import numpy as np

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.weights import CONFIG, WEIGHTS, Arrays, config_of, read_npz, write_npz


@run_script("average.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("weights", nargs="+", type=Path, metavar="WEIGHTS", help="weights files of one network")
    parser.add_argument("--out", type=Path, required=True, help="weights file to write")
    parser.add_argument("--half", action="store_true", help="store half floats, to release: half the size")
    args = parser.parse_args(argv)
    check_outputs(args.weights, {"--out": args.out})
    mean = average({path: released(path) for path in args.weights})
    check_outputs(args.weights, {"--out": args.out})
    write_npz(args.out, half(mean) if args.half else mean)


def released(path: Path) -> Arrays:
    """The config and the averaged weights of a file: of a checkpoint, not its optimiser's values.

    Raises:
        TTVOSError: the file cannot be read, or holds no network.
    """
    arrays = read_npz(path)
    config_of(arrays, path)
    if not any(name.startswith(WEIGHTS) for name in arrays):
        raise TTVOSError(f"{path}: holds no weights")
    return {name: array for name, array in arrays.items() if name == CONFIG or name.startswith(WEIGHTS)}


def average(files: dict[Path, Arrays]) -> Arrays:
    """The mean of each tensor, and the first file's config.

    Raises:
        TTVOSError: a file of another network.
    """
    (first_path, first), *others = files.items()
    for path, arrays in others:
        shapes, wanted = ({name: array.shape for name, array in tensors.items()} for tensors in (arrays, first))
        architectures = (config_of(*named).architecture() for named in ((arrays, path), (first, first_path)))
        if len(set(architectures)) > 1 or shapes != wanted:
            raise TTVOSError(f"{path}: of another network than {first_path}")
    mean = {
        name: np.mean([arrays[name] for arrays in files.values()], axis=0, dtype=np.float64).astype(array.dtype)
        for name, array in first.items()
        if name != CONFIG
    }
    return {CONFIG: first[CONFIG], **mean}


def half(arrays: Arrays) -> Arrays:
    """The same values as half floats; networks take them as float32 again.

    Raises:
        TTVOSError: a value is too large for a half float.
    """
    largest = np.finfo(np.float16).max
    for name, array in arrays.items():
        if name != CONFIG and np.abs(array).max(initial=0) > largest:
            raise TTVOSError(f"--half: {name} holds values above {largest:g}, the largest half float")
    return {name: array if name == CONFIG else array.astype(np.float16) for name, array in arrays.items()}


if __name__ == "__main__":
    sys.exit(main())
