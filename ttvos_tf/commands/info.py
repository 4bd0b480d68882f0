"""The command `ttvos info`: parameters, multiply-adds and state of a model file, or of a network yet to be trained."""

import argparse
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from ttvos_tf.commands.options import add_json_argument, open_json
from ttvos_tf.config import BACKBONES, ModelConfig, read_model_config
from ttvos_tf.contract import SIZE_STEP
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection.reports import (
    LINES,
    PAPER_CONFIG,
    PAPER_MULTIPLY_ADDS,
    PAPER_PARAMETERS,
    PAPER_SIZE,
    Report,
    file_report,
    network_report,
    padded,
)
from ttvos_tf.media.sizes import parse_size
from ttvos_tf.runtime.installed import find_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `ttvos info`."""
    networks = f"{', '.join(BACKBONES)}, or a .toml or .json config"
    parser.add_argument(
        "model",
        metavar="MODEL|CONFIG",
        help=f"an installed model or a .tflite file; or a network to count: {networks} (needs the train extra)",
    )
    parser.add_argument(
        "--size", metavar="HxW", help="frame size to count a network at (default: the paper's, 480x853)"
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> None:
    """Prints what is asked for; writes it as JSON if asked.

    Raises:
        TTVOSError: no such model or config, or a bad size.
    """
    with open_json(args.json, [args.model]) as write_json:
        if args.model in BACKBONES or args.model.endswith((".toml", ".json")):
            size = parse_size(args.size) if args.size else PAPER_SIZE
            report = network_report(_read_config(args.model), size)
            lines = _network_lines(report)
        elif args.size:
            raise TTVOSError(
                f"--size: {args.model} is a model file, made for one size; only networks are counted at any"
            )
        else:
            report = file_report(find_model(args.model))
            lines = _file_lines(report)
        write_json(report)
    print("\n".join([*lines, "", *_state_lines(report["state"])]))


def _read_config(name: str) -> ModelConfig:
    if name == PAPER_CONFIG.backbone:
        return PAPER_CONFIG
    if name in BACKBONES:
        return ModelConfig(backbone=name)
    return read_model_config(Path(name))


def _network_lines(report: Report) -> list[str]:
    size, counted = tuple(report["size"]), tuple(report["padded_size"])
    title = "{} at {}x{}".format(report["config"]["backbone"], *size)
    if counted != size:
        title += ", counted at {}x{}: sides are padded to multiples of {}".format(*counted, SIZE_STEP)
    same_network = report["config"]["backbone"] == PAPER_CONFIG.backbone
    same_size = same_network and counted == padded(PAPER_SIZE)
    table: list[Sequence[str]] = [("", "parameters", "paper", "", "multiply-adds", "paper", "")]
    for line, (label, _) in LINES.items():
        count, products = report["parameters"][line], report["multiply_adds"][line]
        if not count and not products:  # a network without a memory
            continue
        beside_count = _beside(count, PAPER_PARAMETERS.get(line), 1e6, "M", same_network)
        beside_products = _beside(products, PAPER_MULTIPLY_ADDS.get(line), 1e9, "G", same_size)
        table.append((label, f"{count:,}", *beside_count, f"{products / 1e9:.3f} G", *beside_products))
    note = "paper: Table 1, HRNet at 480x853. One frame, one object; batch-norm statistics are not parameters."
    return [title, "", *_align(table), "", note]


def _beside(value: int, paper: float | None, unit: float, symbol: str, comparable: bool) -> tuple[str, str]:
    """The paper's number, and how far ours is from it if both mean the same."""
    if paper is None:
        return "", ""
    return f"{paper / unit:g} {symbol}", f"{value / paper - 1:+.1%}" if comparable else ""


def _file_lines(report: Report) -> list[str]:
    frames = "frames {}x{}, ".format(*report["size"]) if report["size"] else ""
    title = f"{report['file']}: {frames}{report['size_bytes'] / 1e6:.2f} MB, {report['parameters']:,} parameters"
    table: list[Sequence[str]] = [("signature", "multiply-adds", "inputs -> outputs")]
    for name, (inputs, outputs) in report["signatures"].items():
        products = f"{report['multiply_adds'][name] / 1e9:.3f} G"
        table.append((name, products, f"{', '.join(inputs)} -> {', '.join(outputs)}"))
    note = "Multiply-adds of one frame and one object, as they run: grouped convolutions are dense in the file."
    return [title, "", *_align(table), "", note]


def _state_lines(state: Report) -> list[str]:
    table: list[Sequence[str]] = [("state", "shape", "dtype", "bytes", "at the first frame", "for")]
    for name, each in state.items():
        size = prod(each["shape"]) * np.dtype(each["dtype"]).itemsize
        table.append((name, str(tuple(each["shape"])), each["dtype"], f"{size:,}", each["initial"], each["why"]))
    return _align(table)


def _align(table: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equal length -> lines; columns of numbers are flush right."""
    columns = []
    for column in zip(*table, strict=True):
        width = max(map(len, column))
        numbers = all(cell == "" or cell[0] in "+-0123456789" for cell in column[1:])
        columns.append([cell.rjust(width) if numbers else cell.ljust(width) for cell in column])
    return ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
