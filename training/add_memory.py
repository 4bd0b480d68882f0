"""Gives a trained network a memory to train on with (ttvos_tf/training/memory_start.py).

    python training/add_memory.py --config training/configs/mobilenet_v2_memory.toml --data DATA \\
        --weights runs/without_memory/weights.npz --out runs/memory_start/weights.npz

The config is that of the training that follows; its `init` names what is left in --out.
"""

import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.training.settings import load_settings


@run_script("add_memory.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file of the training that follows")
    parser.add_argument("--data", type=Path, default=Path("."), help="folder that the config's paths are relative to")
    parser.add_argument("--weights", type=Path, required=True, help="weights file of the network without a memory")
    parser.add_argument("--out", type=Path, required=True, help="weights file to write")
    args = parser.parse_args(argv)
    read = [args.weights, args.config]
    check_outputs(read, {"--out": args.out})
    settings = load_settings(args.config)  # before TensorFlow is imported, which takes a while

    from ttvos_tf.training.memory_start import add_memory
    from ttvos_tf.weights import save_weights

    network = add_memory(settings, args.weights, args.data)
    check_outputs(read, {"--out": args.out})
    save_weights(args.out, network)
    print(f'The network is in {args.out}: init = "{args.out}" in a training config takes it.')


if __name__ == "__main__":
    sys.exit(main())
