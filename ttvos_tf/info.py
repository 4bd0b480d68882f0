"""The command `ttvos info`: parameters, multiply-adds and state of a model file, or of a network yet to be trained."""

import argparse
import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from ttvos_tf.config import BACKBONES, ModelConfig, from_dict
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.files import whole_file
from ttvos_tf.runtime.geometry import Size, parse_size
from ttvos_tf.runtime.interpreter import SIGNATURES
from ttvos_tf.runtime.models import find_model

Report = dict[str, Any]

PAPER_CONFIG = ModelConfig(backbone="hrnet")
PAPER_SIZE = (480, 853)
PAPER_PARAMETERS = {"network": 1.6e6}
PAPER_MULTIPLY_ADDS = {"seg": 5.29e9, "read": 0.08e9, "update": 0.06e9}

# Line of the table -> (label, the parts that it sums up).
LINES = {
    "backbone": ("backbone", ("backbone",)),
    "short_term_matching": ("short-term matching", ("short_term_matching",)),
    "seg": ("Seg = the two above", ("backbone", "short_term_matching")),
    "read": ("Read = template attention", ("template_attention",)),
    "update": ("Update = template update", ("template_update",)),
    "decoder": ("decoder", ("decoder",)),
    "network": (
        "network = Seg + Read + Update + decoder",
        ("backbone", "short_term_matching", "template_attention", "template_update", "decoder"),
    ),
    "transition_head": ("transition head (training only)", ("transition_head",)),
}

# State tensor -> (what it is at the first frame, what it is for).
STATE = {
    "state_mask": ("from the given mask", "previous heatmap, background first: both matchings, Eq. 4"),
    "state_feat16": ("feat16 of the first frame", "previous features: short-term matching"),
    "state_template": ("I of the first frame", "TP of Eq. 2; float, since int8 freezes a running mean"),
    "state_count": ("1", "t of Eq. 2"),
}


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
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers here")


def run(args: argparse.Namespace) -> None:
    """Prints what is asked for; writes it as JSON if asked.

    Raises:
        TTVOSError: no such model or config, or a bad size.
    """
    if args.model in BACKBONES or args.model.endswith((".toml", ".json")):
        size = parse_size(args.size) if args.size else PAPER_SIZE
        report = network_report(_read_config(args.model), size)
        lines = _network_lines(report)
    elif args.size:
        raise TTVOSError(f"--size: {args.model} is a model file, made for one size; only networks are counted at any")
    else:
        report = file_report(find_model(args.model))
        lines = _file_lines(report)
    if args.json:
        with whole_file(args.json) as path:
            path.write_text(json.dumps(report, indent=2) + "\n")
    print("\n".join([*lines, "", *_state_lines(report["state"])]))


def network_report(config: ModelConfig, size: Size) -> Report:
    """What a network costs on frames of a size, for one object.

    Args:
        config: the network; it is built with random weights.
        size: (height, width); counted at the multiples of 16 that such frames are padded to.

    Returns:
        "config", "size" (asked for), "padded_size", "parameters", "multiply_adds" (by line of Table 1), "state".
    """
    try:
        from ttvos_tf.complexity import costs
        from ttvos_tf.model import build_model
    except ImportError as error:
        raise TTVOSError(f"{config.backbone}: to count it, install TensorFlow: pip install ttvos-tf[train]") from error
    height, width = _padded(size)
    model = build_model(config, height=height, width=width)
    cost = costs(model)
    shapes = {tensor.name: ((1, *tensor.shape[1:]), "float32") for tensor in model.segmenter.inputs}
    return {
        "config": dataclasses.asdict(config),
        "size": list(size),
        "padded_size": [height, width],
        "parameters": {line: sum(cost[part].parameters for part in parts) for line, (_, parts) in LINES.items()},
        "multiply_adds": {line: sum(cost[part].multiply_adds for part in parts) for line, (_, parts) in LINES.items()},
        "state": _state(shapes | {"state_count": ((1,), "float32")}),
    }


def file_report(path: Path) -> Report:
    """What a `.tflite` file holds and costs.

    Returns:
        "file", "size_bytes", "size" (of its frames; None if it takes none), "parameters", "multiply_adds" (by
        signature, as they run: grouped convolutions are dense in the file), "signatures" (inputs and outputs), "state".

    Raises:
        TTVOSError: not a whole TFLite file, or not of TTVOS.
    """
    try:
        from ttvos_tf.tflite_file import read_tflite
    except ImportError as error:
        raise TTVOSError(f"{path}: to read it, install the file format: pip install ai-edge-litert") from error
    file = read_tflite(path)
    if not file.signatures.keys() & SIGNATURES.keys():
        found = ", ".join(file.signatures) or "none"
        raise TTVOSError(f"{path}: not a TTVOS model: it has none of its signatures (it has {found})")
    inputs = {name: tensor for signature in file.signatures.values() for name, tensor in signature.inputs.items()}
    return {
        "file": path.name,
        "size_bytes": file.size_bytes,
        "size": list(inputs["frame"].shape[1:3]) if "frame" in inputs else None,
        "parameters": file.parameters,
        "multiply_adds": {name: signature.multiply_adds for name, signature in file.signatures.items()},
        "signatures": {name: [list(each.inputs), list(each.outputs)] for name, each in file.signatures.items()},
        "state": _state({name: (tensor.shape, tensor.dtype) for name, tensor in inputs.items()}),
    }


def _state(tensors: Mapping[str, tuple[tuple[int, ...], str]]) -> Report:
    """The state tensors among some: name -> shape, dtype, initial, why."""
    return {
        name: {"shape": list(tensors[name][0]), "dtype": tensors[name][1], "initial": initial, "why": why}
        for name, (initial, why) in STATE.items()
        if name in tensors
    }


def _read_config(name: str) -> ModelConfig:
    if name == PAPER_CONFIG.backbone:
        return PAPER_CONFIG
    if name in BACKBONES:
        return ModelConfig(backbone=name)
    path = Path(name)
    try:
        table = (tomllib.loads if path.suffix == ".toml" else json.loads)(path.read_text())
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # of both parsers, and of text that is not UTF-8
        raise TTVOSError(f"{path}: not valid {path.suffix[1:].upper()} ({error})") from error
    if not isinstance(table, dict):
        raise TTVOSError(f"{path}: expected a table of settings")
    return from_dict(ModelConfig, table.get("model", table), str(path))


def _padded(size: Size) -> Size:
    height, width = (-(-side // 16) * 16 for side in size)
    return height, width


def _network_lines(report: Report) -> list[str]:
    size, padded = tuple(report["size"]), tuple(report["padded_size"])
    title = "{} at {}x{}".format(report["config"]["backbone"], *size)
    if padded != size:
        title += ", counted at {}x{}: sides are padded to multiples of 16".format(*padded)
    same_network = report["config"]["backbone"] == PAPER_CONFIG.backbone
    same_size = same_network and padded == _padded(PAPER_SIZE)
    table: list[Sequence[str]] = [("", "parameters", "paper", "", "multiply-adds", "paper", "")]
    for line, (label, _) in LINES.items():
        count, products = report["parameters"][line], report["multiply_adds"][line]
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
        size = prod(each["shape"]) * (1 if each["dtype"] == "int8" else 4)
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
