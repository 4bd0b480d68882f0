"""Which stills no training may see: networks are chosen by scenes made of them (challenge.py)."""

import hashlib
from pathlib import Path

ONE_IN = 8


def held_out(path: str | Path) -> bool:
    """Whether a still belongs to those that networks are chosen by: about one in eight, by a hash of its name.

    Training must leave these out, or the choice flatters what has seen them. Folder and suffix don't count: an image
    and its mask go together, and a data set may be stored anywhere.
    """
    return hashlib.sha256(Path(path).stem.encode()).digest()[0] % ONE_IN == 0
