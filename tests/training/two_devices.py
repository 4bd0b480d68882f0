"""Trains a few steps on as many logical CPU devices as asked and prints the losses; see test_distribution.py."""

import dataclasses
import json
import sys
from pathlib import Path

from tests.training.tiny import TINY, clip_batch
from ttvos_tf.compat import tf
from ttvos_tf.training.trainer import Trainer

STEPS = 4


def main(devices: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    names = [f"CPU:{index}" for index in range(devices)]
    strategy = tf.distribute.MirroredStrategy(names) if devices > 1 else None
    train = dataclasses.replace(TINY.train, warmup=0, learning_rate=1e-3, clip_norm=0.5)
    trainer = Trainer(dataclasses.replace(TINY, train=train), Path("."), strategy)
    losses = []
    for step in range(STEPS):
        batch = clip_batch(step)
        batch.masks[0, 1:, :10] = 255  # one device has fewer labelled pixels than the other
        losses.append([float(value) for value in trainer.train_step(batch)])
    average = [float(tf.reduce_sum(tf.abs(value))) for value in trainer.average.values()]
    print(json.dumps({"losses": losses, "average": average}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
