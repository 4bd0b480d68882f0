"""LiteRT's CompiledModel, which browsers and phones run, against the Interpreter that Python runs."""

from pathlib import Path

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter

UNWRITTEN = {"float32": 12345.0, "int8": 77, "uint8": 77}


def disagreements(path: Path) -> list[str]:
    """Outputs ("signature.output") in which the two differ, given the same inputs, by more than rounding.

    What one signature gives is handed to the next, as a program would, so that the values are a network's. Buffers of
    outputs are filled beforehand: what is never written shows.
    """
    interpreter, compiled = Interpreter(str(path), num_threads=1), CompiledModel.from_file(str(path))
    rng = np.random.default_rng(0)
    known: dict[str, np.ndarray] = {}
    wrong = []
    for signature in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(signature)
        given = {name: known.get(name, _drawn(rng, tensor)) for name, tensor in runner.get_input_details().items()}
        expected = runner(**given)
        inputs = {name: compiled.create_input_buffer_by_name(signature, name) for name in given}
        outputs = {name: compiled.create_output_buffer_by_name(signature, name) for name in expected}
        for name, value in given.items():
            inputs[name].write(np.ascontiguousarray(value))
        for name, value in expected.items():
            outputs[name].write(np.full(value.shape, UNWRITTEN[value.dtype.name], value.dtype))
        compiled.run_by_name(signature, inputs, outputs)
        for name, value in expected.items():
            got = np.asarray(outputs[name].read(value.size, value.dtype.type)).reshape(value.shape)
            if not np.allclose(got.astype(np.float64), value.astype(np.float64), rtol=1e-4, atol=1e-4):
                wrong.append(f"{signature}.{name}")
        known.update(expected)
    return wrong


def _drawn(rng: np.random.Generator, tensor: dict) -> np.ndarray:
    shape, dtype = tuple(tensor["shape"]), np.dtype(tensor["dtype"])
    if dtype.kind == "f":
        return rng.random(shape, np.float32)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
