"""The two files of a Coral pair, called as one model: the encoder on an Edge TPU, the head on the CPU."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ttvos_tf.contract import FEATURES, HEAD_SIGNATURES, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import shown
from ttvos_tf.media.native import plain_name
from ttvos_tf.runtime.interpreter import Tensors, TFLiteModel, check_file, first_line, load_runtime
from ttvos_tf.runtime.quiet import without_announcement


class SplitModel(TFLiteModel):
    """A head's file and its encoder's; the attributes and calls of a TFLiteModel.

    The encoder is called by its one input, and its outputs are told apart by shape and scale, because compilers for
    accelerators drop signatures.
    """

    signatures: ClassVar = HEAD_SIGNATURES

    def __init__(
        self,
        head: str | Path,
        encoder: str | Path,
        delegate: str | None = None,
        num_threads: int = 2,
        runtime: str = "auto",
    ):
        """Loads both.

        Args:
            head: path of the file that convert.py names `..._int8_head.tflite`.
            encoder: path of `..._int8_encode.tflite`, or of what Edge TPU's compiler made of it.
            delegate: library that runs the encoder, "libedgetpu.so.1" for instance; None for the CPU.
            num_threads, runtime: as for a TFLiteModel.

        Raises:
            TTVOSError: as for a TFLiteModel; no such library; the files are not of the same pair.
        """
        if not isinstance(encoder, str | Path):
            raise TTVOSError(f"encoder: give the path of a file, not {shown(encoder)}")
        super().__init__(head, num_threads, runtime)
        path = Path(encoder)
        _, module = load_runtime(runtime)
        try:
            delegates = [module.load_delegate(delegate)] if delegate else None
        except Exception as error:  # a library that is none, or no delegate
            raise TTVOSError(f"delegate {delegate}: cannot be loaded: {first_line(error)}") from None
        self.digest += check_file(path, module, delegate)
        try:
            with plain_name(path) as name, without_announcement():
                self._encoder = module.Interpreter(name, num_threads=num_threads, experimental_delegates=delegates)
                self._encoder.allocate_tensors()
        except Exception as error:
            raise TTVOSError(f"{path}: cannot be loaded: {first_line(error)}") from None
        inputs, outputs = self._encoder.get_input_details(), self._encoder.get_output_details()
        if len(inputs) != 1 or tuple(inputs[0]["shape"]) != (1, *self.size, 3):
            raise TTVOSError(f"{path}: not the encoder of {head}: its one input must be {(1, *self.size, 3)}")
        self._frame = inputs[0]["index"]
        self._features: dict[str, int] = {}
        for name, wanted in self._runners["step"].get_input_details().items():
            if name in names(FEATURES, keys=True):
                alike = [given["index"] for given in outputs if _identity(given) == _identity(wanted)]
                if len(alike) != 1:
                    raise TTVOSError(f"{head} and {encoder} are not of the same pair: they differ in {name}")
                self._features[name] = alike[0]

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        """As a TFLiteModel; `frame` goes through the encoder first."""
        if "frame" in tensors:
            features = self._encode(tensors["frame"])
            if signature == "encode":
                return features
            tensors = {**tensors, **features}
        return super().__call__(signature, tensors)

    def _encode(self, frame: np.ndarray) -> Tensors:
        self._encoder.set_tensor(self._frame, frame)
        self._encoder.invoke()
        return {name: self._encoder.get_tensor(index) for name, index in self._features.items()}


def _identity(tensor: Mapping[str, Any]) -> tuple:
    """What tells one feature from another, and from that of another pair."""
    return tuple(tensor["shape"]), np.dtype(tensor["dtype"]).name, tensor["quantization"]
