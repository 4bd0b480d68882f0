"""What a training run does, read from a TOML file.

init = "pretrained.npz"          # optional: start from these weights
[model]                          # config.ModelConfig
backbone = "mobilenet_v2"
[train]                          # TrainSettings
steps = 3000
[[data]]                         # DataSettings, one block a source; paths are relative to --data
kind = "davis"
path = "DAVIS"
[validation]                     # ValidationSettings, optional: chooses the best weights
path = "DAVIS"
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttvos_tf.config import ModelConfig, from_dict
from ttvos_tf.contract import SIZE_STEP
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.sources import KINDS, STILLS
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import parse_toml, read_toml
from ttvos_tf.limits import check_limits, limited
from ttvos_tf.media.sizes import Size, parse_size

LARGEST_BATCH = 1 << 30  # colour values: a GB of frames


def _check_size(table: str, height: int, width: int) -> None:
    if height % SIZE_STEP or width % SIZE_STEP:
        raise TTVOSError(f"{table}: height and width must be multiples of {SIZE_STEP}, not {height}x{width}")


@dataclass(frozen=True)
class TrainSettings(Augmentation):
    """The loop, and how its clips are varied (data/augmentation.py).

    Attributes:
        height, width: frame size in pixels, multiples of 16.
        further_sizes: more of them, "480x864" for instance; the clips of a step have one size, each in turn.
        lengths: frames a clip, the first with its mask given; several for clips that grow: each for an equal part of
            the steps. With far_probability, the second frame's mask is known too.
        batch_size: clips a step.
        steps: optimiser steps.
        learning_rate: Adam's, reached after `warmup` steps, then decayed to zero along a cosine.
        warmup: steps of linear growth from zero.
        clip_norm: largest norm of the whole gradient.
        temporal_consistency_loss: Eq. 5's second term (Table 3, TC).
        transition_weight: lambda of Eq. 5.
        jaccard_weight: of 1 - J of the soft masks, beside Eq. 5; 0 is the paper's loss.
        targets: "labels" (Eq. 5), or "init": the masks that the float network of `init` makes, for a quantised one to
            imitate.
        train_backbone: "last_block" (section 4: every layer frozen but the last block) or "all".
        frozen: beginnings of the names of backbone layers that stay as they are, whatever train_backbone says.
        freeze_batch_norm: pre-trained batch norms keep their statistics; off when training from scratch.
        bfloat16: convolutions multiply in bfloat16 and add in float32, on CPUs that have it (a sixth faster).
        ema_decay: decay of the averaged weights that are released; 0 releases the last ones.
        checkpoint_every: steps between checkpoints.
        seed: of weights, clips and boxes.
    """

    height: int = limited(240, 32, 8192)
    width: int = limited(432, 32, 8192)
    further_sizes: tuple[str, ...] = ()
    lengths: tuple[int, ...] = limited((4,), 1, 1000)
    batch_size: int = limited(4, 1, 4096)
    steps: int = limited(3000, 1, 10**9)
    learning_rate: float = limited(1e-3, 0, 1e38)
    warmup: int = limited(100, 0, 10**9)
    clip_norm: float = limited(1.0, 0, 1e38)
    temporal_consistency_loss: bool = True
    transition_weight: float = limited(5.0, 0, 1000)
    jaccard_weight: float = limited(0.0, 0, 1000)
    targets: str = "labels"
    train_backbone: str = "last_block"
    frozen: tuple[str, ...] = ()
    freeze_batch_norm: bool = True
    bfloat16: bool = False
    ema_decay: float = limited(0.999, 0, 1)
    checkpoint_every: int = limited(250, 1, 10**9)
    seed: int = limited(0, 0, 2**32 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for size in self.sizes:
            _check_size("train", *size)
        least = self.known_frames + 1
        if not self.lengths or min(self.lengths) < least:
            raise TTVOSError(f"train.lengths must be numbers of frames from {least}, not {list(self.lengths)}")
        values = self.batch_size * max(self.lengths) * max(height * width for height, width in self.sizes) * 3
        if values > LARGEST_BATCH:
            raise TTVOSError(f"train: a batch has {values} colour values; lower batch_size, lengths or the size")
        if self.train_backbone not in ("last_block", "all"):
            raise TTVOSError(f'train.train_backbone must be "last_block" or "all", not {self.train_backbone!r}')
        if self.targets not in ("labels", "init"):
            raise TTVOSError(f'train.targets must be "labels" or "init", not {self.targets!r}')

    @property
    def augmentation(self) -> Augmentation:
        """How clips are varied, alone: what processes that make them need to know."""
        return Augmentation(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Augmentation)})

    @property
    def sizes(self) -> list[Size]:
        """The sizes (height, width) that steps have in turn."""
        return [(self.height, self.width), *(parse_size(text, "train.further_sizes") for text in self.further_sizes)]

    def length_at(self, step: int) -> int:
        """Frames a clip at a step, counted from 0."""
        return self.lengths[step * len(self.lengths) // self.steps]

    def end_of_length(self, step: int) -> int:
        """The first step after `step` at which `length_at` may change, or the number of steps."""
        part = step * len(self.lengths) // self.steps
        return -(-(part + 1) * self.steps // len(self.lengths))


@dataclass(frozen=True)
class DataSettings:
    """One source of clips.

    Attributes:
        kind: one of data.sources.KINDS.
        path: folder, relative to the data root; unused by "synthetic".
        split: "train", "val" or "trainval", where the kind has splits.
        year: of DAVIS.
        weight: its share of the clips, relative to the other sources'.
        leave_out_challenge: of stills, use none that the challenge is made of (data/held_out.py): a network that is
            chosen by it must not have seen them.
    """

    kind: str = "synthetic"
    path: str = ""
    split: str = "train"
    year: int = 2016
    weight: float = limited(1.0, 0, 1000000)
    leave_out_challenge: bool = False

    def __post_init__(self) -> None:
        check_limits(self, "data.")
        if self.kind not in KINDS:
            raise TTVOSError(f"unknown data kind {self.kind!r}: choose one of {', '.join(KINDS)}")
        if self.leave_out_challenge and self.kind not in STILLS:
            raise TTVOSError(f"leave_out_challenge is for stills, {' or '.join(STILLS)}, not for kind {self.kind!r}")


@dataclass(frozen=True)
class ValidationSettings:
    """Sequences that choose the best weights; never ones that are reported as a test.

    Attributes:
        path: a DAVIS folder, relative to the data root.
        split: which of its sequences.
        year: of DAVIS.
        height, width: frame size that the network is converted for.
        every: steps between measurements.
    """

    path: str = ""
    split: str = "val"
    year: int = 2016
    height: int = limited(480, 32, 8192)
    width: int = limited(864, 32, 8192)
    every: int = limited(1000, 1, 10**9)

    def __post_init__(self) -> None:
        check_limits(self, "validation.")
        _check_size("validation", self.height, self.width)

    def due(self, step: int, last: int) -> bool:
        """Whether to measure after a step of a run of `last` steps."""
        return step % self.every == 0 or step == last


@dataclass(frozen=True)
class _Files:
    init: str = ""
    backbone_weights: str = ""
    teacher_weights: str = ""


@dataclass(frozen=True)
class RunSettings(_Files):
    """A whole run: model, loop, data, validation, and the files to start from (see `resolve`).

    Attributes:
        init: a checkpoint or weights file of this model.
        backbone_weights: what backbones.registry.build_backbone takes.
        teacher_weights: of a trained network, for training/teach.py.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainSettings = field(default_factory=TrainSettings)
    data: tuple[DataSettings, ...] = ()
    validation: ValidationSettings | None = None

    def backbone_from(self, data_root: Path) -> str | None:
        """`backbone_weights` with the path of its file, if it is one; None for random weights."""
        if self.backbone_weights in ("", "imagenet"):
            return self.backbone_weights or None
        return str(resolve(self.backbone_weights, data_root))

    def weights_read(self, data_root: Path) -> list[Path]:
        """The files that a run starts from."""
        return [resolve(path, data_root) for path in (self.init, self.backbone_weights, self.teacher_weights) if path]


def as_json(settings: TrainSettings | RunSettings) -> dict[str, Any]:
    """Settings as they come back from JSON, lists for tuples: to write into files and compare with what they hold."""
    return json.loads(json.dumps(dataclasses.asdict(settings)))


def resolve(path: str, data_root: Path) -> Path:
    """Where a config's file is: below the data root or, if it is not there, the working directory."""
    return data_root / path if (data_root / path).exists() else Path(path)


def load_settings(path: Path, overrides: Sequence[str] = ()) -> RunSettings:
    """Reads a TOML file.

    Args:
        path: the file.
        overrides: `key=value` as TOML has it, tables with a dot: "train.steps=100", "model.short_term=false".

    Raises:
        TTVOSError: the file is missing, is no TOML, or has an unknown or ill-typed key; the same of an override.
    """
    table = read_toml(path)
    for text in overrides:
        _override(table, text)
    model = from_dict(ModelConfig, table.pop("model", {}), f"{path} [model]")
    train = from_dict(TrainSettings, table.pop("train", {}), f"{path} [train]")
    blocks = table.pop("data", [])
    if not isinstance(blocks, list):
        raise TTVOSError(f"{path}: data must be written as [[data]] blocks, one for each source of clips")
    data = tuple(from_dict(DataSettings, block, f"{path} [[data]]") for block in blocks)
    if not data:
        raise TTVOSError(f"{path}: no [[data]] block; a run needs at least one source of clips")
    block = table.pop("validation", None)
    validation = from_dict(ValidationSettings, block, f"{path} [validation]") if block is not None else None
    rest = from_dict(_Files, table, str(path))
    return RunSettings(**vars(rest), model=model, train=train, data=data, validation=validation)


def _override(table: dict[str, Any], text: str) -> None:
    """Sets one value of a parsed TOML file."""
    change = parse_toml(text, f"--set {text}: expected key=value as in TOML, strings in quotes")
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(table.get(name, {}), dict):
            table.setdefault(name, {}).update(value)
        else:
            table[name] = value
