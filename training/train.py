"""Trains a network.

    python training/train.py                                              # clips rendered on the fly, minutes on a CPU
    python training/train.py --config training/configs/mobilenet_v2.toml --data DATA --out runs/mobilenet_v2
    python training/train.py --config ... --out runs/mobilenet_v2 --resume
    python training/train.py --config ... --set train.steps=500 model.short_term=false
    python training/train.py --config ... --profile

--set changes values of the config, --profile prints where the time of a step goes.
Leaves in --out: `weights.npz` (for tflite/convert.py), `checkpoint.npz` (for --resume), `log.csv` and `tensorboard/`;
with a [validation] block also `best.npz`, the weights that scored best on it, and `validation.csv`.
"""

import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.training.folder import RELEASE, how_to_go_on
from ttvos_tf.training.options import add_run_arguments
from ttvos_tf.training.settings import load_settings

HERE = Path(__file__).resolve().parent


@run_script("train.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    add_run_arguments(parser, HERE / "configs/rendered.toml")
    parser.add_argument("--profile", action="store_true", help="print where the time of a step goes, and train nothing")
    args = parser.parse_args(argv)
    out = args.out or Path("runs") / args.config.stem
    settings = load_settings(args.config, args.set)  # before TensorFlow is imported, which takes a while
    if args.profile:
        from ttvos_tf.training.profile import profile

        print(profile(settings, args.data))
        return
    from ttvos_tf.training.loop import train

    try:
        train(settings, args.data, out, resume=args.resume)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(how_to_go_on(out)) from None
    weights = out / RELEASE
    print(f"Weights are in {weights}. Convert them: python tflite/convert.py --weights {weights}")


if __name__ == "__main__":
    sys.exit(main())
