"""Weights files: one `.npz`, read without pickle, written whole or not at all.

A file holds `config` (the ModelConfig as JSON) and one array a variable, named `weights/<layer>/<variable>`. A training
checkpoint is the same file with more arrays in it, so everything that takes weights takes a checkpoint.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file

Arrays = dict[str, np.ndarray]

WEIGHTS = "weights/"


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
        TTVOSError: the place cannot be written.
    """
    with atomic_file(path) as partial:
        np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> Arrays:
    """All arrays of a file.

    Raises:
        TTVOSError: missing, truncated, or not an `.npz` of plain arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise TTVOSError(f"{path}: no such weights file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise TTVOSError(f"{path}: not a whole .npz weights file ({error})") from error


def weight_arrays(config: ModelConfig, named: dict) -> Arrays:
    """The file's content for a model of a config, given its variables (or their averages) by name."""
    return {"config": np.array(config.to_json()), **{WEIGHTS + name: value.numpy() for name, value in named.items()}}


def save_weights(path: Path, model: Network) -> None:
    """Writes a model's weights and config."""
    write_npz(path, weight_arrays(model.config, variables(model)))


def config_of(arrays: Arrays, path: Path) -> ModelConfig:
    """The config inside a file."""
    if "config" not in arrays:
        raise TTVOSError(f"{path}: no model config inside; not a TTVOS weights file")
    return ModelConfig.from_json(str(arrays["config"]))


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
        TTVOSError: a tensor is missing or has another shape.
    """
    for name, variable in named.items():
        array = arrays.get(prefix + name)
        if array is None:
            raise TTVOSError(f"{path}: tensor {name} is missing")
        if array.shape != tuple(variable.shape):
            raise TTVOSError(f"{path}: tensor {name} has shape {array.shape}, expected {tuple(variable.shape)}")
        variable.assign(array)
