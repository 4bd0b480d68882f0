"""Network -> content of a `.tflite` file."""

import tempfile

from ttvos_tf.compat import tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.operators import check_operators
from ttvos_tf.export.signatures import Signatures
from ttvos_tf.model import TTVOS

PRECISIONS = ("float32", "float16")


def model_name(model: TTVOS, precision: str) -> str:
    """`<backbone>_<H>x<W>_<precision>`."""
    return f"{model.config.backbone}_{model.size[0]}x{model.size[1]}_{precision}"


def convert(model: TTVOS, precision: str = "float32") -> bytes:
    """Converts a network to TFLite with the five signatures of signatures.py; every weight is stored once.

    Args:
        model: the network; its size becomes the file's.
        precision: "float32", or "float16" for weights stored as half floats; states and features stay float32.

    Returns:
        The file's content.

    Raises:
        TTVOSError: unknown precision, or a graph that a plain TFLite runtime would not run (operators.check_operators).
    """
    if precision not in PRECISIONS:
        raise TTVOSError(f"unknown precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
    signatures = Signatures(model)
    # By way of a SavedModel: converting concrete functions themselves would keep one signature only.
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(signatures, folder, signatures=signatures.concrete())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures.functions))
        if precision == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        content = converter.convert()
    check_operators(content)
    return content
