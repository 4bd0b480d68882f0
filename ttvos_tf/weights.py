"""Weights files: one `.npz`, read without pickle, written whole or not at all.

A file holds `config` (the ModelConfig as JSON) and one array a variable, named `weights/<layer>/<variable>`. A training
checkpoint is the same file with more arrays in it, so everything that takes weights takes a checkpoint.
"""

import io
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.npz import Arrays, read_arrays

# The groups of a checkpoint. WEIGHTS are the averaged ones, and all that a released file has.
WEIGHTS, RAW, OPTIMIZER = "weights/", "raw/", "optimizer/"
CONFIG, TRAIN = "config", "train"  # texts: the network's config, and the settings of the run


class Network(Protocol):
    """What is to be known of a network here.

    Attributes:
        config: which one it is.
        parts: its Keras models.
    """

    @property
    def config(self) -> ModelConfig: ...

    @property
    def parts(self) -> tuple[Any, ...]: ...


def variables(model: Network) -> dict:
    """All variables by name, the transition head's too."""
    return {name: variable for part in model.parts for name, variable in named_variables(part).items()}


def named_variables(part: Any) -> dict:
    """A Keras model's variables, by `<layer>/<variable>`; not the step counters, which tfmot adds and does not use."""
    floats = [variable for variable in part.variables if variable.dtype.is_floating]
    return {variable.name.removesuffix(":0"): variable for variable in floats}


def write_npz(path: Path, arrays: Arrays) -> None:
    """Writes beside and renames, so that a crash leaves the file that was there.

    Raises:
        TTVOSError: the place cannot be written, or the disk is full.
    """
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    with atomic_file(path) as partial:
        partial.write_bytes(content.getbuffer())


def read_npz(path: Path) -> Arrays:
    """All arrays of a file, each of the kind that its name promises: finite floats, and texts.

    Raises:
        TTVOSError: missing, truncated, not an `.npz` of plain arrays, or an array of another kind or not finite.
    """
    arrays = read_arrays(path)
    for name, array in arrays.items():
        if problem := _problem(name, array):
            raise TTVOSError(f"{path}: {name!r} {problem}")
    return arrays


def _problem(name: str, array: np.ndarray) -> str | None:
    """What is wrong with an array, by its name."""
    if name in (CONFIG, TRAIN):
        return None if array.dtype.kind == "U" and array.ndim == 0 else f"is no text, but {array.dtype} {array.shape}"
    if name.startswith(OPTIMIZER) and array.dtype.kind == "i":  # it counts its steps
        return None
    if array.dtype.kind != "f":
        return f"must hold floats, not {array.dtype}"
    with np.errstate(over="ignore"):  # float64 that no float32 can hold is not finite as a weight
        finite = np.isfinite(array.astype(np.float32)).all()
    return None if finite else "holds values that are not finite: damaged, or of a network that diverged"


def weight_arrays(config: ModelConfig, named: dict) -> Arrays:
    """The file's content for a model of a config, given its variables (or their averages) by name."""
    return {CONFIG: np.array(config.to_json()), **{WEIGHTS + name: value.numpy() for name, value in named.items()}}


def save_weights(path: Path, model: Network) -> None:
    """Writes a model's weights and config."""
    write_npz(path, weight_arrays(model.config, variables(model)))


def config_of(arrays: Arrays, path: Path) -> ModelConfig:
    """The config inside a file.

    Raises:
        TTVOSError: there is none, or it is no config of a network.
    """
    if CONFIG not in arrays:
        raise TTVOSError(f"{path}: no model config inside; not a TTVOS weights file")
    return ModelConfig.from_json(str(arrays[CONFIG]), f"{path}: model config")


def assign_weights(model: Network, arrays: Arrays, path: Path, prefix: str = WEIGHTS) -> None:
    """Sets every variable of a model.

    Args:
        model: of the architecture that the arrays are of.
        arrays: a file's content.
        path: its name, for errors.
        prefix: which group of arrays.

    Raises:
        TTVOSError: the file is of another architecture, or lacks a tensor.
    """
    found, wanted = config_of(arrays, path).architecture(), model.config.architecture()
    if found != wanted:
        different = [
            f"{name} is {value!r}, expected {getattr(wanted, name)!r}"
            for name, value in vars(found).items()
            if value != getattr(wanted, name)
        ]
        raise TTVOSError(f"{path}: weights of another architecture: {'; '.join(different)}")
    assign(variables(model), arrays, path, prefix)


def assign(named: dict, arrays: Arrays, path: Path, prefix: str = "") -> None:
    """Sets variables from the arrays of their names.

    Raises:
        TTVOSError: a tensor is missing, has another shape, or holds integers for floats or the reverse.
    """
    for name, variable in named.items():
        array = arrays.get(prefix + name)
        if array is None:
            raise TTVOSError(f"{path}: tensor {prefix.removeprefix(WEIGHTS)}{name} is missing")
        if array.shape != tuple(variable.shape):
            raise TTVOSError(f"{path}: tensor {name} has shape {array.shape}, expected {tuple(variable.shape)}")
        if (array.dtype.kind == "f") != variable.dtype.is_floating:
            raise TTVOSError(f"{path}: tensor {name} holds {array.dtype}, expected {variable.dtype.name}")
        variable.assign(array)
