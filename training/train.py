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

import argparse
import sys
from pathlib import Path

from ttvos_tf.errors import TTVOSError

HERE = Path(__file__).resolve().parent


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=HERE / "configs/rendered.toml", help="TOML file of the run")
    parser.add_argument("--data", type=Path, default=Path("."), help="folder that the config's paths are relative to")
    parser.add_argument("--out", type=Path, help="folder for weights and log (default: runs/<config name>)")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in --out")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="values instead of the config's")
    parser.add_argument("--profile", action="store_true", help="print where the time of a step goes, and train nothing")
    args = parser.parse_args(argv)
    out = args.out or Path("runs") / args.config.stem
    try:
        from ttvos_tf.training.loop import train
        from ttvos_tf.training.settings import load_settings

        settings = load_settings(args.config, args.set)
        if args.profile:
            from ttvos_tf.training.profile import profile

            print(profile(settings, args.data))
            return 0
        train(settings, args.data, out, resume=args.resume)
    except TTVOSError as error:
        print(f"train.py: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"train.py: interrupted; continue with --resume --out {out}", file=sys.stderr)
        return 130
    print(
        f"Weights are in {out / 'weights.npz'}. Convert them: python tflite/convert.py --weights {out / 'weights.npz'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
