"""Teaching a backbone without published weights to see what a trained network's backbone sees.

The student's maps have at least as many channels as the teacher's. The first of them have to give the teacher's, after
which the teacher's head works on the student's maps: it is taken over, with zeros for the channels that only the
student has. What comes out is a whole network, for a training config's `init`.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.compat import tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.loader import batches
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model, load_model
from ttvos_tf.network.ttvos import TTVOS, normalize
from ttvos_tf.training.log import Log
from ttvos_tf.training.loop import open_sources
from ttvos_tf.training.optimizer import build_optimizer, prepare
from ttvos_tf.training.records import CHECKPOINT, LOG, RELEASE, check_folder, make_folder
from ttvos_tf.training.settings import RunSettings, resolve
from ttvos_tf.weights import assign, named_variables, read_npz, save_weights, write_npz

LEAST_VARIANCE = 0.01  # of a teacher's channel; the error of one that hardly varies is not blown up


class Lesson:
    """A student, its teacher, and the student's optimiser.

    Args:
        settings: of them `model`, the student; `teacher_weights`; size, batch and steps of `train`.
        data_root: what the settings' paths are relative to.

    Attributes:
        student: a network with the teacher's head, whose encoder learns.
    """

    def __init__(self, settings: RunSettings, data_root: Path):
        train = settings.train
        prepare(train)
        if not settings.teacher_weights:
            raise TTVOSError("teacher_weights is missing: name the weights file of a trained network")
        teacher = load_model(resolve(settings.teacher_weights, data_root), height=train.height, width=train.width)
        self.teacher = teacher.encoder
        self.student = build_model(settings.model, height=train.height, width=train.width)
        take_over_head(self.student, teacher)
        self.trained = self.student.encoder.trainable_variables
        self.optimizer = build_optimizer(train, self.trained)

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        return int(self.optimizer.iterations)

    @tf.function
    def teach(self, frames: tf.Tensor) -> list[tf.Tensor]:
        """One optimiser step on frames uint8 RGB (B, H, W, 3).

        Returns:
            Mean squared errors at strides 4, 8 and 16, relative to the variance of the teacher's channels: 1 of a
            student that knows their means alone, 0 of one that knows all.
        """
        x = normalize(frames)
        with tf.GradientTape() as tape:
            errors = [
                relative_error(guess[..., : target.shape[-1]], target)
                for guess, target in zip(self.student.encoder(x, training=True), self.teacher(x), strict=True)
            ]
            loss = tf.add_n(errors)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trained), self.trained, strict=True))
        return errors

    def _state(self) -> dict:
        optimizer = {f"optimizer/{index}": v for index, v in enumerate(self.optimizer.variables)}
        return named_variables(self.student.encoder) | optimizer

    def save(self, path: Path) -> None:
        """Writes a checkpoint."""
        write_npz(path, {name: variable.numpy() for name, variable in self._state().items()})

    def restore(self, path: Path) -> None:
        """Continues from a checkpoint."""
        assign(self._state(), read_npz(path), path)


def relative_error(guess: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean of each channel's squared error over its variance in the batch; (B, H, W, C) both -> scalar."""
    _, variance = tf.nn.moments(target, axes=[0, 1, 2])
    return tf.reduce_mean(tf.square(guess - target) / (variance + LEAST_VARIANCE))


def take_over_head(student: TTVOS, teacher: TTVOS) -> None:
    """Gives a network another's matching, decoder and update.

    Where a kernel's input begins with the backbone's channels, of which the student has more, the ones that only the
    student has get zeros: the head then makes the same of the student's maps as of the teacher's.

    Raises:
        TTVOSError: the heads differ in more than that.
    """
    known = {s.shape[-1]: t.shape[-1] for s, t in zip(student.encoder.outputs, teacher.encoder.outputs, strict=True)}
    for part, source in zip(student.models[1:], teacher.models[1:], strict=True):
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


def teach(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> Lesson:
    """Teaches to the end of the settings' steps, on the first frames of clips.

    Args:
        settings: see Lesson.
        data_root: what the settings' paths are relative to.
        out: folder for `weights.npz`, `checkpoint.npz` and `log.csv`.
        resume: continue from `out`'s checkpoint.

    Raises:
        TTVOSError: bad data, weights or checkpoint, or an error that is no longer finite.
    """
    check_folder(out, resume)
    train = settings.train
    sources = open_sources(settings, data_root)
    lesson = Lesson(settings, data_root)
    if resume:
        lesson.restore(out / CHECKPOINT)
    make_folder(out)
    spec = ClipSpec(1, train.height, train.width)
    stream = batches(sources, spec, train.batch_size, seed=train.seed, start=lesson.step)
    log = Log(out / LOG, ("error4", "error8", "error16"), start=lesson.step)
    bar = tqdm(total=train.steps, initial=lesson.step, unit="step", disable=None)
    try:
        while lesson.step < train.steps:
            frames, _ = next(stream)
            errors = [float(error) for error in lesson.teach(frames[:, 0])]
            if not np.isfinite(errors).all():
                raise TTVOSError(f"the error is no longer finite at step {lesson.step}: lower train.learning_rate")
            log.write(lesson.step, *errors)
            bar.update()
            bar.set_postfix_str(log.summary())
            if lesson.step % train.checkpoint_every == 0:
                lesson.save(out / CHECKPOINT)
    finally:
        bar.close()
        log.close()
        stream.close()
    lesson.save(out / CHECKPOINT)
    save_weights(out / RELEASE, lesson.student)
    return lesson
