"""A network with its optimiser and averaged weights: one optimiser step, checkpoints."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from ttvos_tf.compat import keras, tf
from ttvos_tf.data.loader import Batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import at_size, build_model
from ttvos_tf.inputs import parse_json
from ttvos_tf.losses import LossWeights
from ttvos_tf.network.ttvos import TTVOS
from ttvos_tf.quantization import quantize
from ttvos_tf.training.clip_loss import ClipLoss, clip_loss, mask_distillation_loss
from ttvos_tf.training.distribution import process_group
from ttvos_tf.training.optimizer import build_optimizer, check_step, optimizer_variables, prepare
from ttvos_tf.training.settings import RunSettings, TrainSettings, as_json, resolve
from ttvos_tf.training.soundness import unmoved
from ttvos_tf.training.tensorboard import draw_clip
from ttvos_tf.weights import (
    OPTIMIZER,
    RAW,
    TRAIN,
    WEIGHTS,
    Arrays,
    assign,
    assign_weights,
    config_of,
    read_npz,
    variables,
    weight_arrays,
    write_npz,
)


def freeze(model: TTVOS, settings: TrainSettings) -> None:
    """Marks what training may change: section 4 freezes every backbone layer but the last block.

    Batch norms with pre-trained statistics stay as they are, if asked; the backbone's own laterals always train.

    Raises:
        TTVOSError: `frozen` names no layer.
    """
    for start in settings.frozen:
        if not any(layer.name.startswith(start) for layer in model.encoder.layers):
            raise TTVOSError(f"train.frozen: no layer of the backbone has a name that begins with {start!r}")
    laterals = set(model.backbone.laterals)
    for layer in model.encoder.layers:
        chosen = settings.train_backbone == "all" or layer.name in model.backbone.last_block
        layer.trainable = chosen and not layer.name.startswith(settings.frozen)
        if isinstance(layer, keras.layers.BatchNormalization) and layer.name not in laterals:
            layer.trainable = layer.trainable and not settings.freeze_batch_norm


def loss_weights(settings: TrainSettings) -> LossWeights:
    """The weights of the loss's terms."""
    transition = settings.transition_weight if settings.temporal_consistency_loss else 0.0
    return LossWeights(transition, settings.jaccard_weight)


class Trainer:
    """A network being trained, on one device or, as copies, on all devices of a strategy.

    Args:
        settings: the run.
        data_root: what the settings' paths are relative to.
        strategy: devices (distribution.py); None for one device.

    Attributes:
        model: the network being trained, for frames of the settings' height and width.
        sized: the same network, by the size of its frames.
        teachers: the networks whose masks it imitates, if it does, by the size of their frames.
        step: optimiser steps taken.
    """

    loss_names: tuple[str, ...] = ClipLoss._fields

    def __init__(self, settings: RunSettings, data_root: Path, strategy: tf.distribute.Strategy | None = None):
        train = settings.train
        prepare(train)
        self.settings = settings
        self.strategy = strategy or tf.distribute.get_strategy()
        with self.strategy.scope():
            self.model, start = _start_model(settings, data_root)
            freeze(self.model, train)
            self.sized = {size: at_size(self.model, *size) for size in train.sizes}
            teacher = start if train.targets == "init" else None
            self.teachers = {size: at_size(teacher, *size) for size in train.sizes if teacher}
            self.trained = [v for part in self.model.parts for v in part.trainable_variables]
            self.optimizer = build_optimizer(train, self.trained)
            self.average = {name: tf.Variable(v, trainable=False) for name, v in variables(self.model).items()}

    @property
    def step(self) -> int:
        return int(self.optimizer.iterations.numpy())  # of several devices, int() knows nothing

    def train_step(self, batch: Batch) -> ClipLoss:
        """One optimiser step on this process's share of a batch.

        Returns:
            The loss of the whole batch, over all devices.
        """
        return self._step(*(self._scatter(array) for array in batch))

    def _scatter(self, batch: np.ndarray) -> Any:
        """Deals an array of a batch out to this process's devices: itself, or what the strategy takes for several."""
        devices = self.strategy.num_replicas_in_sync // process_group(self.strategy).count
        if len(batch) % devices:
            raise TTVOSError(f"train.batch_size: {len(batch)} clips cannot be dealt out evenly to {devices} devices")
        if devices == 1:
            return batch
        parts = iter(np.split(batch, devices))
        return self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(next(parts)))

    @tf.function  # traced anew for clips of another length or size: the unrolled network has to know them
    def _step(self, *batch: Any) -> ClipLoss:
        losses = self.strategy.run(self._replica_step, batch)
        # A young average follows the weights closely, or it would hold on to the random start.
        count = tf.cast(self.optimizer.iterations, tf.float32)
        keep = tf.minimum(self.settings.train.ema_decay, (1.0 + count) / (10.0 + count))
        for name, variable in variables(self.model).items():
            self.average[name].assign_sub((1.0 - keep) * (self.average[name] - variable))
        return ClipLoss(*(self.strategy.reduce(tf.distribute.ReduceOp.MEAN, loss, axis=None) for loss in losses))

    def _replica_step(self, *arrays: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """What one device does: its share of the batch, of the loss, and so of the gradient's sum."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.trained)
            loss = self._replica_loss(*arrays)
            share = loss.total / self.strategy.num_replicas_in_sync
        gradients = tape.gradient(share, self.trained)
        # Adds the gradients of all devices up, and only then clips their norm.
        self.optimizer.apply_gradients([(g, v) for g, v in zip(gradients, self.trained, strict=True) if g is not None])
        return tuple(loss)

    def _replica_loss(self, *arrays: tf.Tensor) -> ClipLoss:
        """The loss of one device's share of the batch, in training mode."""
        train, batch = self.settings.train, Batch(*arrays)
        size = tuple(batch.frames.shape[2:4])
        model = self.sized[size]
        if self.teachers:
            return mask_distillation_loss(model, self.teachers[size], batch, train.known_frames)
        return clip_loss(model, batch, loss_weights(train), train.known_frames)

    @property
    def init_takes_checkpoints(self) -> bool:
        """Not if masks of float weights are imitated: `init` names these weights."""
        return not self.teachers

    def loss_now(self, batch: Batch) -> float:
        """The loss of the network as it is after the step, on the same batch; it stays as it is.

        As the next step would see it: at inference, batch norms that are young know too little.
        """
        with unmoved(self.model.parts):
            losses = self.strategy.run(self._replica_loss, tuple(self._scatter(array) for array in batch))
            return float(self.strategy.reduce(tf.distribute.ReduceOp.MEAN, losses[0], axis=None))

    def draw(self, batch: Batch) -> np.ndarray:
        """What the network makes of the first clip of a batch, see draw_clip."""
        return draw_clip(self.sized[batch.frames.shape[2:4]], batch, self.settings.train.known_frames)

    def checkpoint(self) -> Arrays:
        """Averaged weights as `weights/`, and all that an exact resume needs.

        Every process has to call it: what batch norms have seen is averaged over all of them as it is read.
        """
        arrays = weight_arrays(self.model.config, self.average)
        arrays |= {RAW + name: value.numpy() for name, value in variables(self.model).items()}
        arrays |= {OPTIMIZER + name: value.numpy() for name, value in optimizer_variables(self.optimizer).items()}
        arrays[TRAIN] = np.array(json.dumps(as_json(self.settings.train)))
        return arrays

    def restore(self, path: Path) -> Arrays:
        """Continues exactly from a checkpoint.

        Returns:
            What the file holds.

        Raises:
            TTVOSError: it is of another architecture or of other settings, or lacks or has more than a run's state.
        """
        arrays = read_npz(path)
        assign_weights(self.model, arrays, path, RAW)
        self._refuse_other_settings(arrays, path)
        assign(self.average, arrays, path, WEIGHTS)
        assign(optimizer_variables(self.optimizer), arrays, path, OPTIMIZER)
        check_step(self.step, self.settings.train, path)
        return arrays

    def _refuse_other_settings(self, arrays: Arrays, path: Path) -> None:
        saved = parse_json(str(arrays.get(TRAIN, "null")), f"{path}: settings")
        if not isinstance(saved, dict):
            raise TTVOSError(f"{path}: no settings of a run inside; not a checkpoint")
        ours = as_json(self.settings.train)
        for name in sorted(saved.keys() & ours.keys() - {"checkpoint_every"}):
            if saved[name] != ours[name]:
                raise TTVOSError(
                    f"{path}: train.{name} was {saved[name]} and is {ours[name]} now: resume with what it was, or "
                    f"start a new run with init = {str(path)!r}"
                )

    def export_weights(self, path: Path) -> None:
        """Writes the averaged weights alone."""
        write_npz(path, weight_arrays(self.model.config, self.average))


def _start_model(settings: RunSettings, data_root: Path) -> tuple[TTVOS, TTVOS | None]:
    """The network with the weights that the run starts from; and the float one that it was, if it is quantised now."""
    config, height, width = settings.model, settings.train.height, settings.train.width
    path = resolve(settings.init, data_root)
    arrays = read_npz(path) if settings.init else {}
    quantizes = bool(arrays) and config.quantized and not config_of(arrays, path).quantized
    if settings.train.targets == "init" and not quantizes:
        raise TTVOSError('train.targets = "init" needs model.quantized = true and float weights in `init`')
    if not arrays:
        weights = settings.backbone_from(data_root)
        return build_model(config, height=height, width=width, backbone_weights=weights), None
    started = dataclasses.replace(config, quantized=False) if quantizes else config
    model = build_model(started, height=height, width=width)
    assign_weights(model, arrays, path)
    return (quantize(model), model) if quantizes else (model, None)
