"""int8 without training, by LiteRT Quantizer: another way than `convert.py --calibrate`, to compare.

    pip install litert-quantizer==0.11.0
    python tflite/post_training.py out/ttvos_mobilenet_v2_480x864_float32.tflite --davis DAVIS --out ptq.tflite
    ttvos evaluate --davis DAVIS --year 2016 --split val --model ptq.tflite

Needs no TensorFlow. The float32 file tracks training clips; what its five signatures are given there sets the ranges.
State, inputs and outputs stay float, and all operators but those of ROUNDED.
"""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.contract import TARGET
from ttvos_tf.data.clip import Clip, ClipSpec
from ttvos_tf.data.sources import open_source
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.inspection import schema
from ttvos_tf.inspection.operators import holds_int8
from ttvos_tf.inspection.tflite_file import read_tflite
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.outputs import check_outputs
from ttvos_tf.runtime.interpreter import Tensors, TFLiteModel

CLIPS, LENGTH = 12, 4  # all tensors of all calls are kept while they are counted
# A template's running mean would freeze in int8 (docs/int8.md), so only what makes features and masks is rounded.
# Sums are not: with ADD and AVERAGE_POOL_2D, masks were 13 points worse.
ROUNDED = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "CONCATENATION",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "MAX_POOL_2D",
    "SLICE",
)
Calls = dict[str, list[Tensors]]
"""Signature -> what each call of it was given."""


@run_script("post_training.py")
def main(argv: list[str]) -> None:
    """Quantises a file."""
    parser = Parser(description=__doc__)
    parser.add_argument("model", metavar="FLOAT32", help="a float32 .tflite file, by convert.py")
    parser.add_argument("--davis", type=Path, required=True, metavar="DAVIS", help="its training clips set the ranges")
    parser.add_argument("--out", type=Path, required=True, help=".tflite file to write")
    args = parser.parse_args(argv)
    check_outputs([Path(args.model), args.davis], {"--out": args.out})
    model = TFLiteModel(args.model)
    if holds_int8(model.path.read_bytes()):
        raise TTVOSError(f"{model.path}: is an int8 file already; convert.py makes float32 ones of float weights")
    try:
        from litert_quantizer.qtyping import TFLOperationName
        from litert_quantizer.quantizer import Quantizer
    except ImportError as error:
        raise TTVOSError(f"{error}: pip install litert-quantizer==0.11.0") from None
    wanted = {name: list(each.inputs) for name, each in read_tflite(model.path).signatures.items()}
    calls: Calls = {name: [] for name in wanted}
    source, rng = open_source("davis", args.davis), np.random.default_rng(0)
    for _ in tqdm(range(CLIPS), unit="clip", desc="tracking", disable=None):
        track(model, source.sample(rng, ClipSpec(LENGTH, *model.size)), calls)
    given = {name: [{key: call[key] for key in wanted[name]} for call in each] for name, each in calls.items()}
    quantizer = Quantizer(str(model.path))
    for operator in ROUNDED:
        quantizer.add_static_config(".*", TFLOperationName(operator), activation_num_bits=8, weight_num_bits=8)
    content = quantizer.quantize(quantizer.calibrate(given)).quantized_model
    with atomic_file(args.out) as partial:
        partial.write_bytes(with_checksum(inlined(bytes(content))))
    print(f"{args.out}  {len(content) / 1e6:.1f} MB")


def track(model: TFLiteModel, clip: Clip, calls: Calls) -> None:
    """Tracks a clip on the network's own masks by all signatures, and notes in `calls` what each was given."""

    def run(name: str, **tensors: np.ndarray) -> Tensors:
        calls[name].append(tensors)
        return model(name, tensors)

    state = run("init", frame=clip.frames[:1], mask=(clip.masks[:1, ..., None] == TARGET).astype(np.float32))
    for frame in clip.frames[1:, None]:
        features = run("encode", frame=frame)
        logit = run("segment", **features, **state)["logit"]
        run("step", frame=frame, **state)
        state = run("update", **features, **state, mask_prob=1 / (1 + np.exp(-2 * logit)))


def inlined(content: bytes) -> bytes:
    """The file with its constants inside the FlatBuffer, as runtimes expect them: LiteRT Quantizer appends them."""
    model = schema.parse(content)
    for buffer in model.buffers:
        if buffer.size:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return schema.pack(model)


if __name__ == "__main__":
    sys.exit(main())
