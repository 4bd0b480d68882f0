"""Teaching a backbone without published weights to see what a trained network's backbone sees.

The student's maps have at least as many channels as the teacher's. The first of them have to give the teacher's, after
which the teacher's head works on the student's maps: it is taken over, with zeros for the channels that only the
student has. What comes out is a whole network, for a training config's `init`.

A dense stem (backbones/dense_stem.py) is taught alone: the maps of the layers that it replaces. All other layers are
the teacher's.
"""

from pathlib import Path

import numpy as np

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.data.loader import Batch
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.network.heatmap import normalize
from ttvos_tf.network.ttvos import TTVOS
from ttvos_tf.training.distribution import memory_reported
from ttvos_tf.training.folder import CHECKPOINT, check_folder, run_folder
from ttvos_tf.training.loop import clips_of_length, open_sources, run
from ttvos_tf.training.optimizer import build_optimizer, check_step, optimizer_variables, prepare
from ttvos_tf.training.settings import RunSettings, resolve
from ttvos_tf.training.soundness import unmoved
from ttvos_tf.weights import OPTIMIZER, Arrays, assign, named_variables, read_npz, save_weights

LEAST_VARIANCE = 0.01  # of a teacher's channel; the error of one that hardly varies is not blown up


class FeatureDistiller:
    """A student, its teacher, and the student's optimiser.

    Args:
        settings: of them `model`, the student; `teacher_weights`; size, batch and steps of `train`.
        data_root: what the settings' paths are relative to.

    Raises:
        TTVOSError: no teacher, student and teacher have not the same features, or frames of several sizes.

    Attributes:
        student: a network with the teacher's head, whose encoder learns.
        loss_names: a mean squared error for each map, relative to the variance of the teacher's channels: 1 of a
            student that knows their means alone, 0 of one that knows all.
    """

    def __init__(self, settings: RunSettings, data_root: Path):
        train = settings.train
        prepare(train)
        self.settings = settings
        if train.further_sizes:
            raise TTVOSError("train.further_sizes: features are taught at one size")
        if not settings.teacher_weights:
            raise TTVOSError("teacher_weights is missing: name the weights file of a trained network")
        teacher = load_model(resolve(settings.teacher_weights, data_root), height=train.height, width=train.width)
        if teacher.config.key_channels != settings.model.key_channels:
            raise TTVOSError(
                f"model.key_channels is {settings.model.key_channels}, but the teacher's {teacher.config.key_channels}"
            )
        self.student = build_model(settings.model, height=train.height, width=train.width)
        transfer_head(self.student, teacher)
        if settings.model.dense_stem:
            take_layers(self.student.encoder, teacher.encoder)
            self.loss_names: tuple[str, ...] = ("stem4", "stem8")
            self.learner, self.teacher = (_stem(model.backbone) for model in (self.student, teacher))
        else:
            self.loss_names = self.student.feature_names
            self.learner, self.teacher = self.student.encoder, teacher.encoder
        self.trained = self.learner.trainable_variables
        self.optimizer = build_optimizer(train, self.trained)

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        return int(self.optimizer.iterations)

    def train_step(self, batch: Batch) -> tuple[tf.Tensor, ...]:
        """One optimiser step on the first frames of a batch."""
        return self._step(batch.frames[:, 0])

    @tf.function
    def _step(self, frames: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """One optimiser step on frames uint8 RGB (B, H, W, 3)."""
        with tf.GradientTape() as tape:
            errors = self._errors(frames)
            loss = tf.add_n(errors)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trained), self.trained, strict=True))
        return tuple(errors)

    def _state(self) -> dict:
        optimizer = {OPTIMIZER + name: v for name, v in optimizer_variables(self.optimizer).items()}
        return named_variables(self.student.encoder) | optimizer

    @property
    def init_takes_checkpoints(self) -> bool:
        """No: what they hold is no whole network."""
        return False

    def loss_now(self, batch: Batch) -> float:
        """The sum of the errors of the student as it is after the step, on the same batch; it stays as it is."""
        with unmoved([self.student.encoder]):
            return float(tf.add_n(self._errors(batch.frames[:, 0])))

    def _errors(self, frames: tf.Tensor) -> list[tf.Tensor]:
        """The student's relative errors in training mode, on frames uint8 RGB (B, H, W, 3), one a map."""
        x = normalize(frames)
        return [
            relative_error(guess[..., : target.shape[-1]], target)
            for guess, target in zip(self.learner(x, training=True), self.teacher(x), strict=True)
        ]

    def draw(self, batch: Batch) -> None:
        """Nothing: features are not drawn."""

    def checkpoint(self) -> Arrays:
        """The encoder and its optimiser."""
        return {name: variable.numpy() for name, variable in self._state().items()}

    def export_weights(self, path: Path) -> None:
        """Writes the whole student."""
        save_weights(path, self.student)

    def restore(self, path: Path) -> Arrays:
        """Continues from a checkpoint; returns what the file holds.

        Raises:
            TTVOSError: it is not of this student.
        """
        arrays = read_npz(path)
        assign(self._state(), arrays, path)
        check_step(self.step, self.settings.train, path)
        return arrays


def relative_error(guess: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean of each channel's squared error over its variance in the batch; (B, H, W, C) both -> scalar."""
    _, variance = tf.nn.moments(target, axes=[0, 1, 2])
    return tf.reduce_mean(tf.square(guess - target) / (variance + LEAST_VARIANCE))


def _stem(backbone: Backbone) -> keras.Model:
    """Frame -> the maps at strides 4 and 8 that a dense stem computes or replaces."""
    return keras.Model(backbone.model.input, [backbone.model.get_layer(name).output for name in backbone.stem])


def take_layers(student: keras.Model, teacher: keras.Model) -> None:
    """Gives a backbone the weights of each layer that another has by the same name."""
    known = {layer.name: layer.get_weights() for layer in teacher.layers}
    for layer in student.layers:
        if layer.name in known:
            layer.set_weights(known[layer.name])


def transfer_head(student: TTVOS, teacher: TTVOS) -> None:
    """Gives a network another's matching, decoder and update.

    Where a kernel's input begins with the backbone's channels, of which the student has more, the ones that only the
    student has get zeros: the head then makes the same of the student's maps as of the teacher's.

    Raises:
        TTVOSError: the heads differ in more than that.
    """
    known = {s.shape[-1]: t.shape[-1] for s, t in zip(student.encoder.outputs, teacher.encoder.outputs, strict=True)}
    for part, source in zip(student.parts[1:], teacher.parts[1:], strict=True):
        taught = named_variables(source)
        for name, variable in named_variables(part).items():
            values = taught[name].numpy() if name in taught else np.empty(0)
            if values.ndim == 4 and values.shape != variable.shape:
                values = _with_zeros(values, variable.shape[2], known)
            if values.shape != tuple(variable.shape):
                raise TTVOSError(f"the teacher's head does not fit: {name} is {values.shape}, not {variable.shape}")
            variable.assign(values)


def _with_zeros(kernel: np.ndarray, wanted: int, known: dict[int, int]) -> np.ndarray:
    """Inserts zeros behind the teacher's channels, so that a kernel (k, k, in, out) takes `wanted` channels.

    Args:
        kernel: the teacher's.
        wanted: input channels of the student's.
        known: channels of a student's map -> of the teacher's.
    """
    for channels, taught in known.items():
        if channels - taught == wanted - kernel.shape[2]:
            zeros = np.zeros((*kernel.shape[:2], channels - taught, kernel.shape[3]), kernel.dtype)
            return np.concatenate([kernel[:, :, :taught], zeros, kernel[:, :, taught:]], axis=2)
    return kernel


@memory_reported()
def distill(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> FeatureDistiller:
    """Teaches to the end of the settings' steps, on the first frames of clips.

    Args:
        settings: see FeatureDistiller.
        data_root: what the settings' paths are relative to.
        out: folder for the same files as those of loop.train.
        resume: continue from `out`'s checkpoint.

    Raises:
        TTVOSError: bad data, weights or checkpoint, or an error that is no longer finite.
    """
    check_folder(out, resume, settings.weights_read(data_root))
    sources, train = open_sources(settings, data_root), settings.train
    distiller = FeatureDistiller(settings, data_root)
    with run_folder(out, resume):
        resumed = distiller.restore(out / CHECKPOINT) if resume else None
        stream = clips_of_length(1, sources, train, distiller.step, train.steps)
        run(distiller, stream, data_root, out, resumed=resumed)
    return distiller
