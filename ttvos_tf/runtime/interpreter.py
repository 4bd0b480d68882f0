"""A TTVOS `.tflite` file in a TFLite runtime: `model("step", frame=..., state_mask=..., ...)`."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ttvos_tf.contract import SIGNATURES, Tensor, check, name_of
from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_whole, shown
from ttvos_tf.media.native import plain_name
from ttvos_tf.runtime.flatbuffer import verify
from ttvos_tf.runtime.installed import find_model, is_installed
from ttvos_tf.runtime.quiet import without_announcement
from ttvos_tf.runtime.trial import try_file

# What may be asked for -> the module that has the class Interpreter.
MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
RUNTIMES = ("auto", *MODULES)
# Only "auto" comes to this one, and only if neither of the two is installed: it loads all of TensorFlow.
LAST_RESORT = {"tensorflow": "tensorflow.lite.python.interpreter"}

MOST_THREADS = 256

Tensors = dict[str, np.ndarray]


class TFLiteModel:
    """A loaded model. Calls share its buffers: use one TFLiteModel in one thread.

    Attributes:
        path: the file.
        name: `<backbone>_<H>x<W>_<precision>`, from the file's name.
        size: (height, width) of its frames.
        runtime: "litert", "tflite-runtime" or "tensorflow": what runs it.
        digest: tells its content from that of other models.
    """

    signatures: ClassVar = SIGNATURES

    def __init__(self, model: str | Path, num_threads: int = 2, runtime: str = "auto"):
        """Loads a model.

        Args:
            model: path of a `.tflite` file, or name of an installed model.
            num_threads: how many threads the kernels use.
            runtime: "auto" for the first that is installed, or one of RUNTIMES.

        Raises:
            TTVOSError: the file is missing, broken or not a TTVOS model, or the runtime is not installed.
        """
        num_threads = check_whole(num_threads, 1, MOST_THREADS, "threads")
        self.runtime, module = load_runtime(runtime)
        self.path = find_model(model)
        self.name = name_of(self.path)
        self.digest = check_file(self.path, module)
        try:
            with plain_name(self.path) as name:
                self._interpreter = module.Interpreter(model_path=name, num_threads=num_threads)
            # No allocate_tensors() of the whole file: it would turn XNNPACK on in tflite-runtime 2.14, nine times as
            # fast, but the first call of a signature with float16 weights then gives wrong values. So each signature
            # gets buffers of its own at its first call, and one object needs only two of the five.
            self._runners: dict[str, Any] = {
                name: self._interpreter.get_signature_runner(name) for name in self._interpreter.get_signature_list()
            }
            self._inputs = {name: _described(runner.get_input_details()) for name, runner in self._runners.items()}
            outputs = {name: _described(runner.get_output_details()) for name, runner in self._runners.items()}
        except Exception as error:  # a runtime raises what it comes upon
            raise TTVOSError(f"{self.path}: {self.runtime} cannot load it: {first_line(error)}") from None
        found = {name: (self._inputs[name], outputs[name]) for name in self._runners}
        values = check(found, self.path, self.signatures)
        self.size = values["H"], values["W"]

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        """Runs a signature.

        Args:
            signature: one of contract.SIGNATURES.
            tensors: its inputs by name; those that it does not have are left out.

        Returns:
            Its outputs by name, owned by the caller.

        Raises:
            TTVOSError: a tensor is missing, or of another shape or dtype than the file's.
        """
        inputs = {name: _checked(name, wanted, tensors) for name, wanted in self._inputs[signature].items()}
        try:
            with without_announcement():
                return self._runners[signature](**inputs)
        except Exception as error:  # an operator that this runtime does not know shows only here
            raise TTVOSError(f"{self.path}: {self.runtime} cannot run {signature}: {first_line(error)}") from None


def check_file(path: Path, module: Any, delegate: str | None = None) -> str:
    """Checks a file before a runtime maps it: by its own checksum or that of an installed one, else by a trial.

    Returns:
        Its digest (flatbuffer.Verified).

    Raises:
        TTVOSError: it is damaged, or ends the process that runs it.
    """
    verified = verify(path)
    if not verified.carried and not is_installed(verified.digest):
        try_file(path, verified.digest, module.__name__, delegate)
    return verified.digest


def _described(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Tensor]:
    """A runner's inputs or outputs, as the contract has them."""
    return {
        name: Tensor(tuple(map(int, tensor["shape"])), np.dtype(tensor["dtype"]).name)
        for name, tensor in details.items()
    }


def _checked(name: str, wanted: Tensor, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """A signature's input, as the file wants it."""
    if name not in tensors:
        raise TTVOSError(f"the tensor {name} is missing: give the whole state as the last call returned it")
    given = np.asarray(tensors[name])
    if (given.shape, given.dtype.name) != wanted:
        raise TTVOSError(
            f"the tensor {name} is {given.dtype} {given.shape}: this model needs {wanted.dtype} {wanted.shape}"
        )
    return given


def load_runtime(runtime: str) -> tuple[str, Any]:
    """The name of what is asked for, one of RUNTIMES, and the module with its Interpreter and load_delegate."""
    if runtime not in RUNTIMES:
        raise TTVOSError(f"runtime: choose one of {', '.join(RUNTIMES)}, not {shown(runtime)}")
    candidates = {**MODULES, **LAST_RESORT} if runtime == "auto" else {runtime: MODULES[runtime]}
    for name, module in candidates.items():
        try:
            return name, importlib.import_module(module)
        except ImportError:
            continue
    package = "ai-edge-litert" if runtime in ("auto", "litert") else runtime
    which = "no TFLite runtime is" if runtime == "auto" else f"{runtime} is not"
    raise TTVOSError(f"runtime: {which} installed: pip install {package}")


def first_line(error: Exception) -> str:
    """What a runtime's error says first; the rest is its own affairs."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
