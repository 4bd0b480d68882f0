"""A folder of data as the ablation's config wants it, with clips of moments."""

from pathlib import Path

from tests.data.trees import labels_of, sliding, write_davis

OVERRIDES = [
    'backbone_weights=""',
    "train.height=32",
    "train.width=64",
    "train.lengths=[2]",
    "train.batch_size=2",
    "train.steps=2",
    "train.warmup=0",
    "train.bfloat16=false",
    "model.matching_channels=8",
    'data=[{kind = "synthetic"}]',
    "validation.height=32",
    "validation.width=64",
]


def write_data(root: Path) -> Path:
    """`data/davis2016_train` and `data/videos`, a sequence each, the second one with two objects."""
    write_davis(root / "data/davis2016_train", {"slide": sliding(4)}, split="val")
    two = [labels_of((10 + 2 * t, 10, 50, 40), (90, 40, 40, 40)) for t in range(4)]
    write_davis(root / "data/videos", {"two": two}, year="2017", split="val")
    return root
