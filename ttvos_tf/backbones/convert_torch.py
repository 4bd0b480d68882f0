"""Converts official HRNetV2-W18-Small-v1 weights from PyTorch to the `.npz` that hrnet.py loads; needs no PyTorch.

    python -m ttvos_tf.backbones.convert_torch hrnet_w18_small_model_v1.pth hrnet_imagenet.npz

Checkpoints of the classification and of the segmentation code have the same names up to stage 4; their heads are left
out. The converted network gives on our frames what the original gives on frames normalised its way.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ttvos_tf.backbones import hrnet
from ttvos_tf.backbones.pretrained import fold_normalization
from ttvos_tf.backbones.torch_checkpoint import StateDict, read_state_dict
from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.compat import keras
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.weights import Arrays, write_npz

HEADS = ("incre_modules.", "downsamp_modules.", "final_layer.", "classifier.", "last_layer.")

_BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def convert(state: StateDict, path: Path) -> Arrays:
    """PyTorch state dict -> one array for every variable of our HRNet, named `<layer>/<variable>`.

    Args:
        state: tensors by name.
        path: the file they are from, for errors.

    Raises:
        TTVOSError: a tensor that is missing, of another shape, or of no layer that we know.
    """
    expected = "expected HRNetV2-W18-Small-v1"
    unknown = {name for name in state if not name.startswith(HEADS) and not name.endswith(".num_batches_tracked")}
    arrays = {}
    for source, target, shape in _names(hrnet.build(weights=None, height=32, width=32).model):
        if source not in state:
            raise TTVOSError(f"{path}: tensor {source} is missing; {expected}")
        array = _channels_last(state[source])
        if array.shape != shape:
            raise TTVOSError(f"{path}: tensor {source} has shape {state[source].shape}; {expected}")
        arrays[target] = array.astype(np.float32)
        unknown.discard(source)
    if unknown:
        raise TTVOSError(f"{path}: unexpected tensor {min(unknown)}; {expected}")
    kernel, bias = fold_normalization(arrays["conv1/kernel"], hrnet.IMAGENET_MEAN, hrnet.IMAGENET_STD)
    arrays["conv1/kernel"] = kernel
    arrays["bn1/moving_mean"] = arrays["bn1/moving_mean"] - bias
    return arrays


def _names(model: keras.Model) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yields (name in the state dict, name of our variable, shape of our variable)."""
    for layer in model.layers:
        parts = {"weight": "kernel"} if isinstance(layer, keras.layers.Conv2D) else _BATCH_NORM
        if layer.weights:
            for source, target in parts.items():
                yield f"{layer.name}.{source}", f"{layer.name}/{target}", tuple(getattr(layer, target).shape)


def _channels_last(array: np.ndarray) -> np.ndarray:
    """Kernel (out, in, h, w) -> (h, w, in, out); vectors stay."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


@run_script("ttvos")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(prog="python -m ttvos_tf.backbones.convert_torch", description=__doc__)
    parser.add_argument("source", type=Path, metavar="IN.pth", help="PyTorch checkpoint")
    parser.add_argument("target", type=Path, metavar="OUT.npz", help="file to write")
    args = parser.parse_args(argv)
    if args.target.suffix != ".npz":
        raise TTVOSError(f"{args.target}: the output must end in .npz")
    check_outputs([args.source], {"OUT.npz": args.target})
    arrays = convert(read_state_dict(args.source), args.source)
    write_npz(args.target, arrays)
    print(f"{args.target}: {len(arrays)} tensors, {sum(array.size for array in arrays.values()):,} values")


if __name__ == "__main__":
    sys.exit(main())
