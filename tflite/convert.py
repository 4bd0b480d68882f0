"""Converts trained weights to `.tflite` files.

    python tflite/convert.py                                    # the shipped weights, all precisions, both sizes
    python tflite/convert.py --weights runs/rendered/weights.npz --size 240x432 --out out

Each file has the signatures init, step, encode, segment and update (ttvos_tf/export/signatures.py), and lies in --out
as ttvos_<backbone>_<H>x<W>_<precision>.tflite.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.files import whole_file
from ttvos_tf.runtime.geometry import parse_size

SHIPPED = Path(__file__).resolve().parent.parent / "weights"
SIZES = ("240x432", "480x864")


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="weights or checkpoint .npz (default: all shipped ones)")
    parser.add_argument("--config", type=Path, help="TOML file whose [model] the weights must be of")
    parser.add_argument("--size", action="append", metavar="HxW", help="frame size; may be given several times")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    args = parser.parse_args(argv)
    try:
        sizes = [parse_size(text) for text in args.size or SIZES]
        for path in [args.weights] if args.weights else sorted(SHIPPED.glob("*.npz")):
            for file in convert_weights(path, args.config, sizes, args.out):
                print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
    except TTVOSError as error:
        print(f"convert.py: error: {error}", file=sys.stderr)
        return 2
    return 0


def convert_weights(weights: Path, config: Path | None, sizes: list[tuple[int, int]], out: Path) -> list[Path]:
    """Writes one file a size and precision; returns their paths."""
    from ttvos_tf.export.tflite import PRECISIONS, convert, model_name
    from ttvos_tf.training.settings import load_settings
    from ttvos_tf.weights import load_model

    files = []
    expected = load_settings(config).model if config else None
    with tqdm(total=len(sizes) * len(PRECISIONS), unit="file", desc=weights.name, disable=None) as bar:
        for height, width in sizes:
            model = load_model(weights, height=height, width=width, expected=expected)
            for precision in PRECISIONS:
                content = convert(model, precision)
                with whole_file(out / f"ttvos_{model_name(model, precision)}.tflite") as path:
                    path.write_bytes(content)
                files.append(out / f"ttvos_{model_name(model, precision)}.tflite")
                bar.update()
    return files


if __name__ == "__main__":
    sys.exit(main())
