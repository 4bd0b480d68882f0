"""The two files of a Coral pair, called as one model: the encoder on an Edge TPU, the head on the CPU."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.sizes import Size
from ttvos_tf.runtime.flatbuffer import check_whole
from ttvos_tf.runtime.interpreter import FEATURES, SIGNATURES, STATE, Model, Tensors, first_line, load_runtime
from ttvos_tf.runtime.quiet import without_announcement


class Pair(Model):
    """A head's file and its encoder's; the attributes and calls of a Model.

    The encoder is called by its one input and its outputs' sizes, because compilers for accelerators drop signatures.
    """

    signatures: ClassVar = {
        "init": ({"feat8", "feat16", "mask"}, set(STATE)),
        "step": ({*FEATURES, *STATE}, {"probability", *STATE}),
        **{name: SIGNATURES[name] for name in ("segment", "update")},
    }

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
            num_threads, runtime: as for a Model.

        Raises:
            TTVOSError: as for a Model; no such library; the files are not of the same pair.
        """
        path = Path(encoder)
        check_whole(path)
        _, module = load_runtime(runtime)
        try:
            delegates = [module.load_delegate(delegate)] if delegate else None
        except (ValueError, OSError) as error:
            raise TTVOSError(f"{delegate}: cannot be loaded: {first_line(error)}") from None
        try:
            self._encoder = module.Interpreter(str(path), num_threads=num_threads, experimental_delegates=delegates)
            with without_announcement():
                self._encoder.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise TTVOSError(f"{path}: cannot be loaded: {first_line(error)}") from None
        # Largest first, as FEATURES are.
        self._outputs = sorted(self._encoder.get_output_details(), key=lambda each: -each["shape"][1])
        super().__init__(head, num_threads, runtime)
        wanted = self._runner("segment").get_input_details()
        for name, given in zip(FEATURES, self._outputs, strict=False):
            ours = wanted[name]
            if list(ours["shape"]) != list(given["shape"]) or ours["quantization"] != given["quantization"]:
                raise TTVOSError(f"{head} and {encoder} are not of the same pair: they differ in {name}")

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        """As a Model; `frame` goes through the encoder first."""
        if "frame" in tensors:
            features = self._encode(tensors["frame"])
            if signature == "encode":
                return features
            tensors = {**tensors, **features}
        return super().__call__(signature, tensors)

    def _encode(self, frame: np.ndarray) -> Tensors:
        (given,) = self._encoder.get_input_details()
        self._encoder.set_tensor(given["index"], frame)
        self._encoder.invoke()
        outputs = (self._encoder.get_tensor(each["index"]) for each in self._outputs)
        return dict(zip(FEATURES, outputs, strict=True))

    def _frame_size(self) -> Size:
        inputs = self._encoder.get_input_details()
        if len(inputs) != 1 or len(inputs[0]["shape"]) != 4 or len(self._outputs) != len(FEATURES):
            raise TTVOSError(f"{self.path}: the other file of the pair is not a TTVOS encoder")
        return int(inputs[0]["shape"][1]), int(inputs[0]["shape"][2])
