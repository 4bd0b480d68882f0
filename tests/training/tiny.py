"""A run of moments, and clips for it."""

import numpy as np

from tests.training.batches import exact_batch
from ttvos_tf.config import ModelConfig
from ttvos_tf.training.settings import DataSettings, RunSettings, TrainSettings

TINY = RunSettings(
    model=ModelConfig(matching_channels=8, decoder_channels=8),
    train=TrainSettings(
        height=32,
        width=64,
        lengths=(3,),
        batch_size=2,
        steps=6,
        warmup=2,
        checkpoint_every=3,
        box_probability=0.5,
        damage_probability=0.5,
        jaccard_weight=0.5,
    ),
    data=(DataSettings(),),
)


def clip_batch(seed=0):
    """Two clips of a bright square that moves over noise: learnable by anything that learns."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 100, (2, 3, 32, 64, 3), dtype=np.uint8)
    masks = np.zeros((2, 3, 32, 64), np.uint8)
    for t in range(3):
        masks[:, t, 8:24, 10 + 8 * t : 30 + 8 * t] = 1
    frames[masks == 1] += 150
    return exact_batch(frames, masks)
