import io
import os
import pickle
import time
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backbones.torch_files import LEGACY_MAGIC, View, save_legacy, save_zip, view
from ttvos_tf.backbones.torch_checkpoint import read_state_dict
from ttvos_tf.errors import TTVOSError

FORMATS = pytest.mark.parametrize("save", [save_zip, save_legacy])


def tensors(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "conv.weight": rng.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "bn.running_var": rng.normal(size=4),
        "bn.bias": rng.normal(size=4).astype(np.float16),
        "bn.num_batches_tracked": np.array(7),
    }


@FORMATS
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model."])
@pytest.mark.parametrize("wrapped", [False, True])
def test_reads_every_dtype_prefix_and_wrapper(tmp_path, save, prefix, wrapped):
    state = OrderedDict((prefix + name, view(array)) for name, array in tensors().items())
    state._metadata = OrderedDict([("", {"version": 1})])  # PyTorch hangs this on its state dicts
    save(tmp_path / "a.pth", {"epoch": 3, "state_dict": state, "loss": 0.5} if wrapped else state)

    read = read_state_dict(tmp_path / "a.pth")

    assert read.keys() == tensors().keys()
    for name, array in tensors().items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@FORMATS
def test_views_of_one_storage(tmp_path, save):
    flat = np.arange(12, dtype=np.float32)
    save(tmp_path / "a.pth", {"transposed": View(flat, 0, (4, 3), (1, 4)), "tail": View(flat, 8, (2, 2), (2, 1))})

    read = read_state_dict(tmp_path / "a.pth")

    np.testing.assert_array_equal(read["transposed"], flat.reshape(3, 4).T)
    np.testing.assert_array_equal(read["tail"], flat[8:].reshape(2, 2))


@FORMATS
@pytest.mark.parametrize(
    "bad",
    [
        (0, (13,), (1,)),
        (1, (12,), (1,)),
        (-1, (4,), (1,)),
        (0, (2, 2), (100, 1)),
        (4, (2,), (-8,)),
        (0, (1 << 40, 1 << 40), (0, 0)),
        (0, (-3,), (1,)),
    ],
)
def test_a_view_beyond_its_storage_is_refused(tmp_path, save, bad):
    save(tmp_path / "a.pth", {"w": View(np.arange(12, dtype=np.float32), *bad)})
    with pytest.raises(TTVOSError, match=r"a\.pth.*beyond its storage"):
        read_state_dict(tmp_path / "a.pth")


class Exploit:
    """Unpickled the usual way, this makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@FORMATS
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, save):
    trap = tmp_path / "trap"
    save(tmp_path / "a.pth", {"w": view(np.zeros(1, np.float32)), "x": Exploit(trap)})
    with pytest.raises(TTVOSError, match=r"a\.pth: holds \w+\.mkdir, which is not part of a plain state dict; re-save"):
        read_state_dict(tmp_path / "a.pth")
    assert not trap.exists()


def test_a_malicious_pickle_in_place_of_the_magic_number(tmp_path):
    trap = tmp_path / "trap"
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Exploit(trap)))
    with pytest.raises(TTVOSError, match="mkdir"):
        read_state_dict(tmp_path / "a.pth")
    assert not trap.exists()


@pytest.mark.parametrize(
    "global_name",
    [b"cos\nsystem\n", b"cbuiltins\neval\n", b"ctorch\nload\n", b"cnumpy\ndtype\n", b"ctorch._utils\nos\n"],
)
def test_names_outside_the_list_are_refused(tmp_path, global_name):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + global_name + b".")
    with pytest.raises(TTVOSError, match="not part of a plain state dict"):
        read_state_dict(tmp_path / "a.pth")


PAIRS = b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(60))  # t = (t, t), sixty times: 2^60 steps to hash it


@pytest.mark.parametrize(
    "instructions",
    [
        b"}" + PAIRS + b"K\x01s.",  # {t: 1}
        b"}(" + PAIRS + b"K\x01u.",
        b"(" + PAIRS + b"K\x01d.",
        b"ccollections\nOrderedDict\n](" + PAIRS + b"K\x01\x86e\x85R.",  # OrderedDict([(t, 1)])
        b"\x8f(" + PAIRS + b"\x90.",  # {t}, as a set
        b"(" + PAIRS + b"\x91.",
        b"(X\x07\0\0\0storagectorch\nFloatStorage\n" + PAIRS + b"X\x03\0\0\0cpuK\x04tQ.",  # a storage called t
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aX\x03\0\0\0cpuK\x04tQK\0"
        + PAIRS * 2
        + b"tR.",  # a tensor of shape t
        PAIRS + b".",
    ],
)
def test_keys_and_sizes_that_explode_are_refused_at_once(tmp_path, instructions):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + instructions)
    started = time.monotonic()
    with pytest.raises(TTVOSError, match=r"a\.pth: "):
        read_state_dict(tmp_path / "a.pth")
    assert time.monotonic() - started < 20


@FORMATS
def test_many_views_of_one_storage_are_refused(tmp_path, save):
    flat = np.zeros(1 << 20, np.float32)
    save(tmp_path / "a.pth", {f"w{index}": View(flat, 0, flat.shape, (1,)) for index in range(600)})
    with pytest.raises(TTVOSError, match=r"a\.pth: its tensors have more than 2147483648 bytes"):
        read_state_dict(tmp_path / "a.pth")


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.filelist[0].file_size = 1 << 40
    with pytest.raises(TTVOSError, match=r"a\.pth: "):
        read_state_dict(tmp_path / "a.pth")


@FORMATS
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999))
def test_a_truncated_file_is_refused(tmp_path, save, share):
    save(tmp_path / "whole.pth", {name: view(array) for name, array in tensors().items()})
    data = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TTVOSError, match=r"cut\.pth"):
        read_state_dict(tmp_path / "cut.pth")


@FORMATS
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 0.999), value=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_but_never_crashes(tmp_path, save, position, value):
    save(tmp_path / "whole.pth", {name: view(array) for name, array in tensors().items()})
    data = bytearray((tmp_path / "whole.pth").read_bytes())
    data[int(len(data) * position)] = value
    (tmp_path / "damaged.pth").write_bytes(data)
    try:
        read_state_dict(tmp_path / "damaged.pth")
    except TTVOSError as error:
        assert "damaged.pth" in str(error)


@pytest.mark.parametrize("content", [[1, 2], {}, {"state_dict": 3}, {"w": 0.5}, {"epoch": view(np.zeros(1)), "x": {}}])
def test_no_state_dict(tmp_path, content):
    save_zip(tmp_path / "a.pth", content)
    with pytest.raises(TTVOSError, match=r"a\.pth: .*re-save"):
        read_state_dict(tmp_path / "a.pth")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n" * 20, pickle.dumps(LEGACY_MAGIC)])
def test_not_a_checkpoint(tmp_path, data):
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(TTVOSError, match=r"a\.pth: not a whole PyTorch checkpoint"):
        read_state_dict(tmp_path / "a.pth")


def test_other_zips_byte_orders_and_missing_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(TTVOSError, match="without a PyTorch state dict"):
        read_state_dict(tmp_path / "a.pth")
    save_zip(tmp_path / "b.pth", {"w": view(np.zeros(1, np.float32))})
    swapped = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "b.pth") as source, zipfile.ZipFile(swapped, "w") as target:
        for name in source.namelist():
            target.writestr(name, b"big" if name.endswith("byteorder") else source.read(name))
    (tmp_path / "b.pth").write_bytes(swapped.getvalue())
    with pytest.raises(TTVOSError, match="big-endian"):
        read_state_dict(tmp_path / "b.pth")
    with pytest.raises(TTVOSError, match="no such file"):
        read_state_dict(tmp_path / "none.pth")


# t = (t, t), sixty times: its hash, its repr and its length as an array take 2**60 steps.
DOUBLED = b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(60))
EXPLODING = {
    "a key": b"}" + DOUBLED + b"K\x01s.",
    "keys": b"}(" + DOUBLED + b"K\x01u.",
    "a dict": b"(" + DOUBLED + b"K\x01d.",
    "a set": b"\x8f(" + DOUBLED + b"\x90.",
    "a frozen set": b"(" + DOUBLED + b"\x91.",
    "an ordered dict": b"ccollections\nOrderedDict\n]" + DOUBLED + b"K\x01\x86a\x85R.",
    "a storage's key": b"(X\x07\0\0\0storagectorch\nFloatStorage\n" + DOUBLED + b"X\x03\0\0\0cpuK\x01tQ.",
    "a shape": b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
    b"0X\x03\0\0\0cpuK\x01tQK\0" + DOUBLED + b")tR.",
    "the content": DOUBLED + b".",
    "an entry": b"}X\x01\0\0\0a" + DOUBLED + b"s.",
}


@pytest.mark.parametrize("name", EXPLODING)
def test_pickles_that_explode_end_at_once(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + EXPLODING[name])
    with pytest.raises(TTVOSError, match=r"a\.pth: "):
        read_state_dict(tmp_path / "a.pth")
    (tmp_path / "a.pth").write_bytes(b"\x80\x02" + EXPLODING[name])
    with pytest.raises(TTVOSError, match=r"a\.pth: "):
        read_state_dict(tmp_path / "a.pth")


def test_what_is_no_file_and_what_unpacks_to_too_much(tmp_path):
    os.mkfifo(tmp_path / "a.pth")
    with pytest.raises(TTVOSError, match=r"a\.pth: is not a regular file"):
        read_state_dict(tmp_path / "a.pth")
    save_zip(tmp_path / "b.pth", {"w": view(np.zeros(1, np.float32))})
    bomb = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "b.pth") as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for each in source.namelist():
            target.writestr(each, bytes(1 << 24) if "/data/" in each else source.read(each))
    (tmp_path / "b.pth").write_bytes(bomb.getvalue())
    with pytest.raises(TTVOSError, match="storage 0 is cut short"):
        read_state_dict(tmp_path / "b.pth")
