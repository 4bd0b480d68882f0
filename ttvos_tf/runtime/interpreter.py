"""A TTVOS `.tflite` file in a TFLite runtime: `model("step", frame=..., state_mask=..., ...)`."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.sizes import Size
from ttvos_tf.runtime.flatbuffer import check_whole
from ttvos_tf.runtime.installed import find_model
from ttvos_tf.runtime.quiet import without_announcement

# What may be asked for -> the module that has the class Interpreter.
MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
RUNTIMES = ("auto", *MODULES)
# Only "auto" comes to this one, and only if neither of the two is installed: it loads all of TensorFlow.
LAST_RESORT = {"tensorflow": "tensorflow.lite.python.interpreter"}

STATE = ("state_mask", "state_feat16", "state_template", "state_count")
FEATURES = ("feat4", "feat8", "feat16")
SIGNATURES: dict[str, tuple[set[str], set[str]]] = {
    "init": ({"frame", "mask"}, set(STATE)),
    "step": ({"frame", *STATE}, {"probability", *STATE}),
    "encode": ({"frame"}, set(FEATURES)),
    "segment": ({*FEATURES, *STATE}, {"logit"}),
    "update": ({*FEATURES, "mask_prob", *STATE}, set(STATE)),
}
"""Name -> (inputs that it may have, outputs that it must have). The converter drops inputs that have no effect."""

Tensors = dict[str, np.ndarray]


class Model:
    """A loaded model. Calls share its buffers: use one Model in one thread.

    Attributes:
        path: the file.
        name: `<backbone>_<H>x<W>_<precision>`, from the file's name.
        size: (height, width) of its frames.
        runtime: "litert", "tflite-runtime" or "tensorflow": what runs it.
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
        if num_threads < 1:
            raise TTVOSError(f"threads: must be at least 1, not {num_threads}")
        self.runtime, module = load_runtime(runtime)
        self.path = find_model(model)
        self.name = self.path.stem.removeprefix("ttvos_")
        check_whole(self.path)
        try:
            self._interpreter = module.Interpreter(model_path=str(self.path), num_threads=num_threads)
            # No allocate_tensors() of the whole file: it would turn XNNPACK on in tflite-runtime 2.14, nine times as
            # fast, but the first call of a signature with float16 weights then gives wrong values.
        except (ValueError, RuntimeError) as error:
            raise TTVOSError(f"{self.path}: {self.runtime} cannot load it: {first_line(error)}") from None
        self._runners: dict[str, Any] = {}
        self._check_signatures()
        self.size = self._frame_size()

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> Tensors:
        """Runs a signature.

        Args:
            signature: one of SIGNATURES.
            tensors: its inputs by name; those that it does not have are left out.

        Returns:
            Its outputs by name, owned by the caller.

        Raises:
            TTVOSError: a tensor is missing, or of another shape or dtype than the file's.
        """
        runner = self._runner(signature)
        inputs = {name: _checked(name, wanted, tensors) for name, wanted in runner.get_input_details().items()}
        try:
            with without_announcement():
                return runner(**inputs)
        except (ValueError, RuntimeError) as error:  # an operator that this runtime does not know shows only here
            raise TTVOSError(f"{self.path}: {self.runtime} cannot run {signature}: {first_line(error)}") from None

    def _runner(self, signature: str) -> Any:
        # Made when first used: each signature has buffers of its own, and one object needs only two of the five.
        if signature not in self._runners:
            self._runners[signature] = self._interpreter.get_signature_runner(signature)
        return self._runners[signature]

    def _check_signatures(self) -> None:
        found = self._interpreter.get_signature_list()
        for name, (inputs, outputs) in self.signatures.items():
            if name not in found:
                has = ", ".join(sorted(found)) or "none"
                raise TTVOSError(f"{self.path}: not a TTVOS model: it has no signature {name!r} (it has {has})")
            missing = outputs - set(found[name]["outputs"])
            unknown = set(found[name]["inputs"]) - inputs
            if missing or unknown:
                tensor = sorted(missing or unknown)[0]
                problem = "lacks the output" if missing else "has an unknown input"
                raise TTVOSError(f"{self.path}: not a TTVOS model: signature {name!r} {problem} {tensor!r}")

    def _frame_size(self) -> Size:
        details = self._runner("init").get_input_details().get("frame")
        if details is None or len(details["shape"]) != 4 or details["dtype"] != np.uint8:
            raise TTVOSError(f"{self.path}: not a TTVOS model: init needs a uint8 input 'frame' of shape (1, H, W, 3)")
        return int(details["shape"][1]), int(details["shape"][2])


def _checked(name: str, wanted: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """A signature's input, as the file wants it."""
    if name not in tensors:
        raise TTVOSError(f"the tensor {name} is missing: give the whole state as the last call returned it")
    given = np.asarray(tensors[name])
    shape, dtype = tuple(map(int, wanted["shape"])), np.dtype(wanted["dtype"])
    if given.shape != shape or given.dtype != dtype:
        raise TTVOSError(f"the tensor {name} is {given.dtype} {given.shape}: this model needs {dtype} {shape}")
    return given


def load_runtime(runtime: str) -> tuple[str, Any]:
    """The name of what is asked for, one of RUNTIMES, and the module with its Interpreter and load_delegate."""
    if runtime not in RUNTIMES:
        raise TTVOSError(f"runtime: choose one of {', '.join(RUNTIMES)}, not {runtime!r}")
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
