"""Attacks on what training reads and leaves: weights, checkpoints, pickles, logs, TF_CONFIG."""

import json
import random
from pathlib import Path

import numpy as np

from tests.robustness.campaign import Failure, attack
from tests.robustness.weights_files import npz_mutant, pth_mutant
from ttvos_tf.backbones.torch_checkpoint import read_state_dict
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.cluster import check_cluster
from ttvos_tf.training.log import restart_csv
from ttvos_tf.weights import config_of, read_npz, write_npz


@attack("damaged .npz", aim="A")
def npz(rng: random.Random, folder: Path) -> str:
    """What is read is finite, and is written as it was read."""
    path = folder / "a.npz"
    what, content = npz_mutant(np.random.default_rng(rng.getrandbits(32)))
    path.write_bytes(content)
    arrays = read_npz(path)
    config_of(arrays, path)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array.astype(np.float32)).all():
            raise Failure("A", f"{what}: {name} is read, and not finite")
    write_npz(folder / "b", arrays)
    again = read_npz(folder / "b")
    if again.keys() != arrays.keys() or not all(np.array_equal(again[name], arrays[name]) for name in arrays):
        raise Failure("A", f"{what}: is written otherwise than it was read")
    return "taken"


@attack("damaged .pth", aim="B")
def pth(rng: random.Random, folder: Path) -> str:
    """Pickles with other instructions."""
    path = folder / "a.pth"
    path.write_bytes(pth_mutant(np.random.default_rng(rng.getrandbits(32)))[1])
    if not all(isinstance(array, np.ndarray) for array in read_state_dict(path).values()):
        raise Failure("A", "a tensor that is none")
    return "taken"


@attack("damaged log.csv", aim="A")
def log(rng: random.Random, folder: Path) -> str:
    """A log that is refused stays as it was; of one that is read, no whole row up to the step is lost."""
    path, rows = folder / "log.csv", [f"{step},0.{step},1.5" for step in range(20, 200, 20)]
    content = bytearray("step,loss,speed\n" + "\n".join(rows) + "\n", "utf-8")
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(content))
        content[at : at + rng.randrange(2)] = rng.choice([b"\n", b"", b"\0", b"\xe9", b",", b"9" * 400, b"nan"])
    content = content[: rng.choice([len(content), rng.randrange(len(content) + 1)])]
    path.write_bytes(content)
    try:
        restart_csv(path, ("step", "loss", "speed"), 100)
    except TTVOSError:
        if path.read_bytes() != content:
            raise Failure("A", "a log was refused and changed") from None
        raise
    left = path.read_text().split()
    whole = [row for row in content.decode().splitlines()[1:-1] if row in rows[:5]]
    if any(row not in left for row in whole):
        raise Failure("A", f"rows of the log are lost: {content!r} -> {left}")
    return "taken"


@attack("odd TF_CONFIG", aim="C")
def cluster(rng: random.Random, folder: Path) -> str:
    """JSON of other shapes."""
    odd = [
        None,
        True,
        -1,
        2,
        10**30,
        "",
        "a",
        "a:b",
        "a:1",
        [],
        ["a:1"],
        {},
        {"worker": 1},
        0.5,
        "\ud800",
        ["a:1", "b:2"],
    ]
    config: dict = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 0}}
    for _ in range(rng.randrange(1, 3)):
        where = rng.choice([config, *(each for each in config.values() if isinstance(each, dict) and each)])
        where[rng.choice([*where, "x"])] = rng.choice(odd)
    text = json.dumps(config)
    check_cluster(text[: rng.choice([len(text), rng.randrange(len(text))])])
    return "taken"
