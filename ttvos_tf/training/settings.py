"""What a training run does, read from a TOML file.

init = "pretrained.npz"          # optional: start from these weights
[model]                          # config.ModelConfig
backbone = "mobilenet_v2"
[train]                          # TrainSettings
steps = 3000
[[data]]                         # DataSettings, one block a source; paths are relative to --data
kind = "davis"
path = "DAVIS"
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from ttvos_tf.config import ModelConfig, from_dict
from ttvos_tf.data.sources import KINDS
from ttvos_tf.errors import TTVOSError


@dataclass(frozen=True)
class TrainSettings:
    """The loop.

    Attributes:
        height, width: frame size in pixels, multiples of 16.
        length: frames a clip, the first with its mask given.
        batch_size: clips a step.
        steps: optimiser steps.
        learning_rate: Adam's, reached after `warmup` steps, then decayed to zero along a cosine.
        warmup: steps of linear growth from zero.
        clip_norm: largest norm of the whole gradient.
        temporal_consistency_loss: Eq. 5's second term (Table 3, TC).
        transition_weight: lambda of Eq. 5.
        box_probability: share of clips whose first mask is replaced by its bounding box (Table 3, M).
        train_backbone: "last_block" (section 4: every layer frozen but the last block) or "all".
        freeze_batch_norm: pre-trained batch norms keep their statistics; off when training from scratch.
        ema_decay: decay of the averaged weights that are released; 0 releases the last ones.
        checkpoint_every: steps between checkpoints.
        seed: of weights, clips and boxes.
    """

    height: int = 240
    width: int = 432
    length: int = 4
    batch_size: int = 4
    steps: int = 3000
    learning_rate: float = 1e-3
    warmup: int = 100
    clip_norm: float = 1.0
    temporal_consistency_loss: bool = True
    transition_weight: float = 5.0
    box_probability: float = 0.0
    train_backbone: str = "last_block"
    freeze_batch_norm: bool = True
    ema_decay: float = 0.999
    checkpoint_every: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("height", "width", "batch_size", "steps", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise TTVOSError(f"train.{name} must be at least 1, not {getattr(self, name)}")
        if self.length < 2:
            raise TTVOSError(f"train.length must be at least 2 frames, not {self.length}")
        if self.train_backbone not in ("last_block", "all"):
            raise TTVOSError(f'train.train_backbone must be "last_block" or "all", not {self.train_backbone!r}')


@dataclass(frozen=True)
class DataSettings:
    """One source of clips.

    Attributes:
        kind: one of data.sources.KINDS.
        path: folder, relative to the data root; unused by "synthetic".
        split: "train", "val" or "trainval", where the kind has splits.
        year: of DAVIS.
        weight: its share of the clips, relative to the other sources'.
    """

    kind: str = "synthetic"
    path: str = ""
    split: str = "train"
    year: int = 2016
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TTVOSError(f"unknown data kind {self.kind!r}: choose one of {', '.join(KINDS)}")


@dataclass(frozen=True)
class _Files:
    init: str = ""
    backbone_weights: str = ""


@dataclass(frozen=True)
class RunSettings(_Files):
    """A whole run: model, loop, data, and the files to start from, relative to the data root.

    Attributes:
        init: a checkpoint or weights file of this model.
        backbone_weights: what backbones.build_backbone takes.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainSettings = field(default_factory=TrainSettings)
    data: tuple[DataSettings, ...] = ()


def load_settings(path: Path) -> RunSettings:
    """Reads a TOML file.

    Raises:
        TTVOSError: the file is missing, is no TOML, or has an unknown or ill-typed key.
    """
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be read ({error.strerror})") from error
    except tomllib.TOMLDecodeError as error:
        raise TTVOSError(f"{path}: not valid TOML ({error})") from error
    model = from_dict(ModelConfig, table.pop("model", {}), f"{path} [model]")
    train = from_dict(TrainSettings, table.pop("train", {}), f"{path} [train]")
    data = tuple(from_dict(DataSettings, block, f"{path} [[data]]") for block in table.pop("data", []))
    if not data:
        raise TTVOSError(f"{path}: no [[data]] block; a run needs at least one source of clips")
    rest = from_dict(_Files, table, str(path))
    return RunSettings(rest.init, rest.backbone_weights, model, train, data)
