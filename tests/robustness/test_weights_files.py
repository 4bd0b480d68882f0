"""Weights files by anybody are read, or refused in one line that names them, at once and with little memory."""

import time
import tracemalloc
import warnings

import numpy as np
import pytest

from tests.robustness.weights_files import CLASSES, CONFIGS, HEADERS, VALUES, arrays, npy, npz
from ttvos_tf.errors import TTVOSError
from ttvos_tf.weights import config_of, read_npz

TRIES = 150


@pytest.mark.parametrize("name", CLASSES)
def test_mutants_are_read_or_refused(name, tmp_path):
    make, read, suffix = CLASSES[name]
    path, refused = tmp_path / f"mutant{suffix}", 0
    for seed in range(TRIES):
        what, content = make(np.random.default_rng(seed))
        path.write_bytes(content)
        started = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                read(path)
        except TTVOSError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ") and str(error).isprintable(), (seed, what)
            assert len(str(error)) < 600, (seed, what)
        except Exception as error:
            pytest.fail(f"{name} {seed}: {what}: {error!r}")
        assert time.monotonic() - started < 20, (seed, what)
    assert refused > TRIES // 2


def write(path, **changed):
    path.write_bytes(npz({f"{name}.npy": npy(array) for name, array in arrays().items()} | changed))
    return path


@pytest.mark.parametrize("name", ["weights/conv/kernel", "raw/conv/kernel", "optimizer/1"])
@pytest.mark.parametrize("what", VALUES)
def test_values_that_no_network_has_are_refused(tmp_path, name, what):
    if (what, name) == ("integers", "optimizer/1"):
        pytest.skip("an optimiser counts; `assign` compares with its variable")
    with np.errstate(all="ignore"):
        path = write(tmp_path / "w.npz", **{f"{name}.npy": npy(VALUES[what](arrays()[name]))})
    with pytest.raises(TTVOSError, match=rf"w\.npz: .*{name}"):
        read_npz(path)


@pytest.mark.parametrize("what", HEADERS)
def test_headers_that_lie_cost_no_memory(tmp_path, what):
    array = arrays()["weights/conv/kernel"]
    path = write(tmp_path / "w.npz", **{"weights/conv/kernel.npy": npy(array, **HEADERS[what])})
    tracemalloc.start()
    try:
        with pytest.raises(TTVOSError, match=r"w\.npz: ") as error:
            read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 25
    finally:
        tracemalloc.stop()
    assert str(error.value).isprintable()


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text[:10])
def test_configs_that_are_none_are_named(tmp_path, text):
    path = write(tmp_path / "w.npz", **{"config.npy": npy(np.array(text))})
    with pytest.raises(TTVOSError, match=r"w\.npz: model config") as error:
        config_of(read_npz(path), path)
    assert str(error.value).isprintable()


def test_what_numpy_writes_is_read(tmp_path):
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", **arrays(), **{"weights/by columns": np.asfortranarray(np.eye(3, 4, dtype=">f4"))})
        read = read_npz(tmp_path / "w.npz")
        for name, array in arrays().items():
            np.testing.assert_array_equal(read[name], array)
            assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read["weights/by columns"], np.eye(3, 4))
        assert read["weights/by columns"].dtype == np.float32
