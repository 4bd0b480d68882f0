"""Converts trained weights to `.tflite` files.

    python tflite/convert.py                                    # the shipped weights, at 240x432 and 480x864
    python tflite/convert.py --weights runs/rendered/weights.npz --size 240x432 --out out
    python tflite/convert.py --weights weights/mobilenet_v2.npz --calibrate DAVIS      # int8 without training

Each file has the signatures init, step, encode, segment and update (ttvos_tf/contract.py), and lies in --out as
ttvos_<backbone>_<H>x<W>_<precision>.tflite:

    float32, float16    of float weights
    int8                of weights that were trained quantised ([model] quantized = true)
    int8_encode, _head  the same for Coral: the encoder for the Edge TPU, and the rest for the CPU
    ptq                 of float weights, with --calibrate: int8 without training, the baseline

What Edge TPU would refuse of the encoder is printed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.config import ModelConfig
from ttvos_tf.contract import FLOAT_PRECISIONS, file_name, model_name
from ttvos_tf.data.clip import ClipSource
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.media.sizes import Size, parse_size
from ttvos_tf.training.settings import load_settings
from ttvos_tf.weights import config_of, read_npz

if TYPE_CHECKING:  # arguments are checked before TensorFlow is imported
    from ttvos_tf.network.ttvos import TTVOS

SHIPPED = Path(__file__).resolve().parent.parent / "weights"
SIZES = ("240x432", "480x864")
CALIBRATION_CLIPS, CALIBRATION_LENGTH = 24, 5


@run_script("convert.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--weights", type=Path, help="weights or checkpoint .npz (default: all shipped ones)")
    parser.add_argument("--config", type=Path, help="TOML file whose [model] the weights must be of")
    parser.add_argument("--size", action="append", metavar="HxW", help="frame size; may be given several times")
    parser.add_argument("--calibrate", type=Path, metavar="DAVIS", help="a DAVIS folder: int8 of float weights (ptq)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    args = parser.parse_args(argv)
    # All is checked before TensorFlow is imported, which takes a while.
    sizes = [parse_size(text) for text in args.size or SIZES]
    expected = load_settings(args.config).model if args.config else None
    clips = open_source("davis", args.calibrate) if args.calibrate else None
    sources = [args.weights] if args.weights else sorted(SHIPPED.glob("*.npz"))
    read = [*sources, args.config, args.calibrate]
    check_outputs(read, {"--out": args.out / "ttvos.tflite"})  # the names of files are known when they are made
    for weights in sources:
        if config_of(read_npz(weights), weights).quantized and clips is not None:
            raise TTVOSError(f"--calibrate: {weights} was trained quantised; only float weights are calibrated")
    for weights in sources:
        for path, content in tqdm(files(weights, expected, sizes, clips), unit="file", disable=None):
            check_outputs(read, {"--out": args.out / path})
            with atomic_file(args.out / path) as partial:
                partial.write_bytes(content)
            tqdm.write(f"{args.out / path}  {len(content) / 1e6:.1f} MB")


def files(
    weights: Path, expected: ModelConfig | None, sizes: list[Size], clips: ClipSource | None
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files that weights are converted to."""
    from ttvos_tf.export.convert import convert, convert_pair
    from ttvos_tf.factory import load_model
    from ttvos_tf.inspection.edge_tpu import unsupported_ops

    for height, width in sizes:
        model = load_model(weights, height=height, width=width, expected=expected)

        def name(precision: str, model: "TTVOS" = model) -> str:
            return file_name(model_name(model.config.backbone, model.size, precision))

        if model.config.quantized:
            yield name("int8"), convert(model, "int8")
            encode, head = convert_pair(model)
            for line in unsupported_ops(encode):
                tqdm.write(f"{name('int8_encode')}: Edge TPU refuses operator {line}")
            yield from ((name("int8_encode"), encode), (name("int8_head"), head))
        elif clips is not None:
            yield name("ptq"), convert(_calibrated(model, clips), "int8")
        else:
            yield from ((name(precision), convert(model, precision)) for precision in FLOAT_PRECISIONS)


def _calibrated(model: "TTVOS", source: ClipSource) -> "TTVOS":
    """The network quantised, its ranges seen on clips of a source."""
    import numpy as np

    from ttvos_tf.data.clip import ClipSpec
    from ttvos_tf.quantization import calibrate, quantize

    rng, spec = np.random.default_rng(0), ClipSpec(CALIBRATION_LENGTH, *model.size)
    quantized = quantize(model)
    calibrate(quantized, (source.sample(rng, spec) for _ in range(CALIBRATION_CLIPS)))
    return quantized


if __name__ == "__main__":
    sys.exit(main())
