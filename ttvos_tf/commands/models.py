"""The command `ttvos models`: the models of this version, and where they are."""

import argparse
import os

from ttvos_tf.runtime.fetch import SOURCE
from ttvos_tf.runtime.installed import FOLDER, default_name, fault, installed, local

NOTES = f"""
Licence of these models: for non-commercial use, because they were trained on DAVIS (CC BY-NC 4.0). Code: Apache-2.0.
A name may be cut off where it still tells the network: the largest frames are meant then, and int8 before float16.
A file that is not here is fetched when it is first asked for: {SOURCE} names the folder or address that has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`ttvos models` has no arguments."""


def run(args: argparse.Namespace) -> None:
    """Prints a line for every model: name, size, whether it is the default, and where it is."""
    models = installed()
    if not models:
        print("no model comes with this installation")
        return
    for name, entry in models.items():
        default = "default, " if name == default_name() else ""
        print(f"{name:<32} {entry['size_bytes'] / 1e6:6.1f} MB  {default}{_where(entry)}")
    print(NOTES)


def _where(entry: dict) -> str:
    """In a few words."""
    path = local(entry, FOLDER)
    if path is None:
        return "not here, fetched when asked for" if os.environ.get(SOURCE) else "not here"
    if problem := fault(path, entry):
        return f"broken: {problem}"
    return "inside" if entry["inside"] else "beside the package" if path.parent == FOLDER else f"in {path.parent}"
