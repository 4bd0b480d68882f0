"""The command `ttvos models`: the models that come with the package."""

import argparse

from ttvos_tf.runtime.installed import FOLDER, default_name, fault, installed

LICENCE = """
Licence of these models: for non-commercial use, because they were trained on DAVIS (CC BY-NC 4.0). Code: Apache-2.0.
A name may be cut off where it still tells the network: the largest frames are meant then, and int8 before float16."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`ttvos models` has no arguments."""


def run(args: argparse.Namespace) -> None:
    """Prints a line for every installed model: name, size, and whether it is the default or broken."""
    models = installed()
    if not models:
        print("no model comes with this installation")
        return
    for name, entry in models.items():
        problem = fault(FOLDER / entry["file"], entry)
        note = f"broken: {problem}" if problem else "default" if name == default_name() else ""
        print(f"{name:<32} {entry['size_bytes'] / 1e6:6.1f} MB  {note}".rstrip())
    print(LICENCE)
