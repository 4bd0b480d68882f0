"""The configuration of a model: every design choice and ablation switch (Table 3) as a plain field.

No TensorFlow here: a config travels inside checkpoints and `.tflite` files as JSON.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import parse_json, read_json, read_toml
from ttvos_tf.limits import check_limits, limited, shown

T = TypeVar("T")

BACKBONES = ("hrnet", "resnet50", "mobilenet_v2")


@dataclass(frozen=True)
class ModelConfig:
    """What network to build.

    Attributes:
        backbone: one of BACKBONES.
        dense_stem: dense convolutions in the place of the first layers, for speed (ours, backbones/dense_stem.py).
        matching_channels: width of the short-term matching's convolutions (section 3.1).
        decoder_channels: width of the decoder's convolutions.
        short_term: short-term matching; off: the previous mask is concatenated with f16 instead (Table 3, SM).
        long_term: template attention; off: the previous mask is concatenated with f8 instead (Table 3, LM).
        update_template: Eq. 2 at every frame; off: the first frame's template is kept (Table 3, Lup).
        past_masks: how many previous masks the state holds (the paper 1, the authors' later code 3).
        coordinates: feed x, y and radius maps to the template attention (the authors' later code).
        update_gate: a learned weight in (0, 0.5] instead of 1/t in Eq. 2 (the authors' later code).
        transition_reads: what the transition head, which only training has, is given: the "similarity" features
            (section 3.3), or the "decoder"'s at stride 8 (the authors' later code).
        key_channels: length of the keys by which places are compared with remembered frames (ours, network/memory.py);
            0 leaves the memory out, as in the paper.
        reach: how far a target may be from its previous mask, as a share of the frame's height: what is farther is not
            it while any of it is in sight. At inference only; 0 is without limit, as in the paper.
        quantized: 8-bit fake quantisation on the network as it is exported, batch norms folded (quantization/).
    """

    backbone: str = "mobilenet_v2"
    dense_stem: bool = False
    matching_channels: int = limited(32, 1, 1024)
    decoder_channels: int = limited(32, 1, 1024)
    short_term: bool = True
    long_term: bool = True
    update_template: bool = True
    past_masks: int = limited(1, 1, 16)
    coordinates: bool = False
    update_gate: bool = False
    transition_reads: str = "similarity"
    key_channels: int = limited(0, 0, 1024)
    reach: float = limited(0.0, 0, 1)
    quantized: bool = False

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise TTVOSError(f"unknown backbone {shown(self.backbone)}: choose one of {', '.join(BACKBONES)}")
        if self.transition_reads not in ("similarity", "decoder"):
            raise TTVOSError(f'transition_reads must be "similarity" or "decoder", not {shown(self.transition_reads)}')
        check_limits(self)
        if self.key_channels and not self.short_term:
            raise TTVOSError("key_channels: the memory joins the short-term matching, but short_term is false")

    def architecture(self) -> "ModelConfig":
        """What weights have to agree on: all of it but `reach`, which has none, and what only training has."""
        return dataclasses.replace(self, reach=0.0, transition_reads="similarity")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str, where: str = "model config") -> "ModelConfig":
        return from_dict(cls, parse_json(text, where), where)


def read_model_config(path: Path) -> ModelConfig:
    """Reads a network's config: a TOML or JSON file, its table `model` if it has one.

    Raises:
        TTVOSError: the file is missing or is neither, or has an unknown or ill-typed key.
    """
    table = (read_toml if path.suffix == ".toml" else read_json)(path)
    if not isinstance(table, dict):
        raise TTVOSError(f"{path}: expected a table of settings")
    return from_dict(ModelConfig, table.get("model", table), str(path))


def from_dict(cls: type[T], values: dict[str, Any], where: str) -> T:
    """Builds a config dataclass, refusing unknown keys and wrong types by name.

    Args:
        cls: the dataclass.
        values: field name -> value, as read from JSON or TOML.
        where: what the error message calls the source, a file name for instance.

    Raises:
        TTVOSError: no table, a key that `cls` does not have, a value of another type, or one that `cls` refuses.
    """
    if not isinstance(values, dict):
        raise TTVOSError(f"{where}: must be a table of keys and values, not {shown(values)}")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key, value in values.items():
        if key not in fields:
            raise TTVOSError(f"{where}: unknown key {shown(key)}; known keys are {', '.join(sorted(fields))}")
        default = fields[key].default
        if default is dataclasses.MISSING:
            continue
        if isinstance(default, tuple) and isinstance(value, list):
            values = values | {key: (value := tuple(value))}
        fits = isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            fits = True
        if isinstance(default, tuple) and fits:
            wanted = type(default[0]) if default else str
            fits = all(type(item) is wanted for item in value)
        if default is not None and not fits:
            raise TTVOSError(f"{where}: {key} must be {type(default).__name__}, not {shown(value)}")
    try:
        return cls(**values)
    except TTVOSError as error:
        raise TTVOSError(f"{where}: {error}") from None
