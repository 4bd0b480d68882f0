"""Network -> content of a `.tflite` file."""

import tempfile

from ttvos_tf.compat import tf
from ttvos_tf.contract import PRECISIONS
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.export.integer_io import encoded_quantization, integer_inputs_and_outputs
from ttvos_tf.export.own_outputs import give_own_outputs
from ttvos_tf.export.signatures import Signatures
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.inspection.operators import check_operators
from ttvos_tf.network.ttvos import TTVOS


def convert(model: TTVOS, precision: str = "float32") -> bytes:
    """Converts a network to TFLite with the five signatures of contract.py; every weight is stored once.

    Args:
        model: the network; its size becomes the file's.
        precision: "float32"; "float16", which stores weights as half floats, while states and features stay float32; or
            "int8" for a quantised network. In int8 files features, state_feat16 and state_memory_key are int8; the
            other states, the matrix products, the memory's read-out and the running mean stay float32.

    Returns:
        The file's content.

    Raises:
        TTVOSError: unknown precision or one that the network was not made for, or a graph that a plain TFLite runtime
            would not run (inspection.operators.check_operators).
    """
    if precision not in PRECISIONS:
        raise TTVOSError(f"unknown precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
    int8 = precision == "int8"
    if int8 != model.config.quantized:
        kind, needed = ("float", "quantised one") if int8 else ("quantised", "float one")
        raise TTVOSError(f"precision {precision}: the network is a {kind} one; a {needed} is needed")
    content = _convert(Signatures(model if int8 else inference_form(model)), precision)
    if int8:
        content = integer_inputs_and_outputs(content, encoded_quantization(content))
    return _finished(content)


def convert_pair(model: TTVOS) -> tuple[bytes, bytes]:
    """Converts a quantised network to two int8 files for machines with an Edge TPU.

    Args:
        model: the network; its size becomes the files'.

    Returns:
        A file with `encode` alone, in which everything is int8, for the accelerator; and the head for the CPU: the
        other four signatures, with the encoder's features in the place of `frame`.

    Raises:
        TTVOSError: a float network, or as `convert`.
    """
    if not model.config.quantized:
        raise TTVOSError("convert_pair: the network is a float one; a quantised one is needed")
    encode, head = (_convert(Signatures(model, part), "int8") for part in ("encode", "head"))
    quantization = encoded_quantization(encode)
    encode, head = (integer_inputs_and_outputs(content, quantization) for content in (encode, head))
    # A compiler changes the encoder's file, so that carries no checksum.
    check_operators(encode)
    return give_own_outputs(encode), _finished(head)


def _finished(content: bytes) -> bytes:
    check_operators(content)
    return with_checksum(give_own_outputs(content))


def _convert(signatures: Signatures, precision: str) -> bytes:
    # By way of a SavedModel: converting concrete functions themselves would keep one signature only.
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(signatures, folder, signatures=signatures.concrete())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures.functions))
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()
