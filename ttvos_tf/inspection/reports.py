"""What a network or a model file holds and costs: parameters, multiply-adds, signatures, state."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttvos_tf.config import ModelConfig
from ttvos_tf.contract import SIGNATURES, SIZE_STEP, STATE, Tensor
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.sizes import Size

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
    "memory": ("memory (ours), beside its keys", ("memory_read",)),
    "decoder": ("decoder", ("decoder",)),
    "network": (
        "network = Seg + Read + Update + decoder (+ memory)",
        ("backbone", "short_term_matching", "template_attention", "template_update", "memory_read", "decoder"),
    ),
    "transition_head": ("transition head (training only)", ("transition_head",)),
}


def network_report(config: ModelConfig, size: Size) -> Report:
    """What a network costs on frames of a size, for one object.

    Args:
        config: the network; it is built with random weights.
        size: (height, width); counted at the multiples of SIZE_STEP that such frames are padded to.

    Returns:
        "config", "size" (asked for), "padded_size", "parameters", "multiply_adds" (by line of Table 1), "state" (as
        the file has it that is made of the network).
    """
    try:
        from ttvos_tf.factory import build_model
        from ttvos_tf.graph.inference import inference_form
        from ttvos_tf.inspection.complexity import costs
        from ttvos_tf.inspection.tensors import tensors_of
    except ImportError as error:
        raise TTVOSError(
            f"{config.backbone}: is a network, which TensorFlow counts: pip install 'ttvos-tf[train]' "
            "(ttvos models lists files)"
        ) from error
    height, width = padded(size)
    # Quantised or not, it counts and keeps the same; only the dtypes differ.
    model = build_model(dataclasses.replace(config, quantized=False), height=height, width=width)
    cost = costs(model)
    tensors = tensors_of(inference_form(model), int8=config.quantized)
    return {
        "config": dataclasses.asdict(config),
        "size": list(size),
        "padded_size": [height, width],
        "parameters": {line: sum(cost[part].parameters for part in parts) for line, (_, parts) in LINES.items()},
        "multiply_adds": {line: sum(cost[part].multiply_adds for part in parts) for line, (_, parts) in LINES.items()},
        "state": _state(tensors),
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
        from ttvos_tf.inspection.tflite_file import read_tflite
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
        "state": _state(inputs),
    }


def _state(tensors: Mapping[str, Tensor]) -> Report:
    """The state tensors among some: name -> shape, dtype, initial, why."""
    return {
        spec.name: {
            "shape": list(tensors[spec.name].shape),
            "dtype": tensors[spec.name].dtype,
            "initial": spec.initial,
            "why": spec.meaning,
        }
        for spec in STATE
        if spec.name in tensors
    }


def padded(size: Size) -> Size:
    """The multiples of SIZE_STEP that a frame is padded to."""
    height, width = (-(-side // SIZE_STEP) * SIZE_STEP for side in size)
    return height, width
