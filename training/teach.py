"""Teaches a backbone without published weights a trained network's features (ttvos_tf/training/distillation.py).

    python training/teach.py --config training/configs/hrnet_teach.toml --data DATA --out runs/hrnet_teach

Leaves in --out: `weights.npz`, for a training config's `init`; `checkpoint.npz`, for --resume; `log.csv`.
"""

import argparse
import sys
from pathlib import Path

from ttvos_tf.errors import TTVOSError


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="TOML file of the run")
    parser.add_argument("--data", type=Path, default=Path("."), help="folder that the config's paths are relative to")
    parser.add_argument("--out", type=Path, help="folder for weights and log (default: runs/<config name>)")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in --out")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="values instead of the config's")
    args = parser.parse_args(argv)
    out = args.out or Path("runs") / args.config.stem
    try:
        from ttvos_tf.training.distillation import teach
        from ttvos_tf.training.records import RELEASE
        from ttvos_tf.training.settings import load_settings

        teach(load_settings(args.config, args.set), args.data, out, resume=args.resume)
    except TTVOSError as error:
        print(f"teach.py: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"teach.py: interrupted; continue with --resume --out {out}", file=sys.stderr)
        return 130
    print(f'The network is in {out / RELEASE}: init = "{out / RELEASE}" in a training config takes it.')
    return 0


if __name__ == "__main__":
    sys.exit(main())
