"""Teaches a backbone without published weights a trained network's features (ttvos_tf/training/distillation.py).

    python training/teach.py --config training/configs/hrnet_teach.toml --data DATA --out runs/hrnet_teach

Leaves in --out: `weights.npz`, for a training config's `init`; `checkpoint.npz`, for --resume; `log.csv`.
"""

import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.training.folder import RELEASE, how_to_go_on
from ttvos_tf.training.options import add_run_arguments
from ttvos_tf.training.settings import load_settings


@run_script("teach.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    add_run_arguments(parser)
    args = parser.parse_args(argv)
    out = args.out or Path("runs") / args.config.stem
    settings = load_settings(args.config, args.set)  # before TensorFlow is imported, which takes a while
    from ttvos_tf.training.distillation import distill

    try:
        distill(settings, args.data, out, resume=args.resume)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(how_to_go_on(out)) from None
    print(f'The network is in {out / RELEASE}: init = "{out / RELEASE}" in a training config takes it.')


if __name__ == "__main__":
    sys.exit(main())
