"""Teaching a backbone without published weights to see what MobileNetV2 sees, before it learns to track.

The student's three maps, each through a linear 1x1 convolution, have to give MobileNetV2's maps at the same strides,
every channel brought to zero mean and unit variance. The convolutions are thrown away afterwards.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ttvos_tf.backbones import build_backbone, mobilenet_v2
from ttvos_tf.compat import keras, layers, tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.loader import batches
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import ResizeLike
from ttvos_tf.model import normalize
from ttvos_tf.training.log import Log
from ttvos_tf.training.loop import CHECKPOINT, LOG, open_sources
from ttvos_tf.training.settings import RunSettings, resolve
from ttvos_tf.weights import assign, named_variables, read_npz, write_npz

TAUGHT = "backbone.npz"


class Lesson:
    """A student, its teacher, and the student's optimiser.

    Args:
        settings: of them `model.backbone`, the student; `teacher_weights`; size, batch and steps of `train`.
        data_root: what the settings' paths are relative to.
    """

    def __init__(self, settings: RunSettings, data_root: Path):
        train = settings.train
        keras.utils.set_random_seed(train.seed)
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": train.bfloat16})
        weights = settings.teacher_weights
        if not weights:
            raise TTVOSError('teacher_weights is missing: name MobileNetV2\'s weights, a file or "imagenet"')
        if weights != "imagenet":
            weights = str(resolve(weights, data_root))
        teacher = mobilenet_v2.published(weights=weights, height=train.height, width=train.width)
        s4, s8, s16, s32 = teacher.outputs
        wanted = [s4, s8, layers.Concatenate()([s16, ResizeLike()([s32, s16])])]
        standardized = [layers.BatchNormalization(center=False, scale=False)(x) for x in wanted]
        self.teacher = keras.Model(teacher.input, standardized)
        self.student = build_backbone(settings.model.backbone, height=train.height, width=train.width)
        guesses = [
            layers.Conv2D(target.shape[-1], 1, name=f"guess{stride}")(x)
            for stride, x, target in zip((4, 8, 16), self.student.outputs, wanted, strict=True)
        ]
        self.guesser = keras.Model(self.student.input, guesses)
        decay = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, train.steps - train.warmup), warmup_target=train.learning_rate, warmup_steps=train.warmup
        )
        self.optimizer = keras.optimizers.Adam(decay, global_clipnorm=train.clip_norm)
        self.optimizer.build(self.guesser.trainable_variables)

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        return int(self.optimizer.iterations)

    @tf.function
    def teach(self, frames: tf.Tensor) -> list[tf.Tensor]:
        """One optimiser step on frames uint8 RGB (B, H, W, 3).

        Returns:
            Mean squared errors at strides 4, 8 and 16: 1 of a student that knows nothing, 0 of one that knows all.
        """
        x = normalize(frames)
        targets = self.teacher(x, training=True)  # standardised by the batch's statistics
        variables = self.guesser.trainable_variables
        with tf.GradientTape() as tape:
            guesses = self.guesser(x, training=True)
            errors = [tf.reduce_mean(tf.square(g - t)) for g, t in zip(guesses, targets, strict=True)]
            loss = tf.add_n(errors)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return errors

    def _state(self) -> dict:
        optimizer = {f"optimizer/{index}": v for index, v in enumerate(self.optimizer.variables)}
        return named_variables(self.guesser) | optimizer

    def save(self, path: Path) -> None:
        """Writes a checkpoint."""
        write_npz(path, {name: variable.numpy() for name, variable in self._state().items()})

    def restore(self, path: Path) -> None:
        """Continues from a checkpoint."""
        assign(self._state(), read_npz(path), path)

    def release(self, path: Path) -> None:
        """Writes the student alone, for a config's `backbone_weights`."""
        write_npz(path, {name: variable.numpy() for name, variable in named_variables(self.student).items()})


def teach(settings: RunSettings, data_root: Path, out: Path, resume: bool = False) -> Lesson:
    """Teaches to the end of the settings' steps, on the first frames of clips.

    Args:
        settings: see Lesson.
        data_root: what the settings' paths are relative to.
        out: folder for `backbone.npz`, `checkpoint.npz` and `log.csv`.
        resume: continue from `out`'s checkpoint.

    Raises:
        TTVOSError: bad data, weights or checkpoint, or an error that is no longer finite.
    """
    train = settings.train
    sources = open_sources(settings, data_root)
    lesson = Lesson(settings, data_root)
    if resume:
        lesson.restore(out / CHECKPOINT)
    out.mkdir(parents=True, exist_ok=True)
    spec = ClipSpec(1, train.height, train.width)
    stream = batches(sources, spec, train.batch_size, seed=train.seed, start=lesson.step)
    log = Log(out / LOG, ("error4", "error8", "error16"), append=resume)
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
    lesson.release(out / TAUGHT)
    return lesson
