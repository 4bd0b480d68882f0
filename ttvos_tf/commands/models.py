"""The command `ttvos models`: the models that come with the package."""

import argparse

from ttvos_tf.runtime.installed import FOLDER, default_name, fault, installed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`ttvos models` has no arguments."""


def run(args: argparse.Namespace) -> None:
    """Prints a line for every installed model: name, size, and whether it is the default or broken."""
    models = installed()
    if not models:
        print("no model comes with this installation")
    for name, entry in models.items():
        problem = fault(FOLDER / entry["file"], entry)
        note = f"broken: {problem}" if problem else "default" if name == default_name() else ""
        print(f"{name:<32} {entry['size_bytes'] / 1e6:6.1f} MB  {note}".rstrip())
