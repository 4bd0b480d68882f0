"""The TFLite runtimes that tests run files in."""

import importlib.util
from collections.abc import Callable

import pytest

# tflite-runtime needs NumPy 1, which development has left: `make test-tflite-runtime` has an environment with both.
_in_tflite_runtime = [
    pytest.mark.tflite_runtime,
    pytest.mark.skipif(
        importlib.util.find_spec("tflite_runtime") is None,
        reason="NOT TESTED IN TFLITE-RUNTIME, which is not in this environment: make test-tflite-runtime",
    ),
]
RUNTIMES = ("litert", pytest.param("tflite-runtime", marks=_in_tflite_runtime))


def needs_tflite_runtime(test: Callable) -> Callable:
    """Marks a test that runs files in tflite-runtime, whatever else it does."""
    for mark in _in_tflite_runtime:
        test = mark(test)
    return test
