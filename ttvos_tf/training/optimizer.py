"""Adam along a cosine, and what has to be set before a network is built."""

from collections.abc import Sequence
from pathlib import Path

from ttvos_tf.compat import keras, tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.settings import TrainSettings


def prepare(settings: TrainSettings) -> None:
    """Seeds everything that draws at random, and chooses what convolutions multiply in."""
    keras.utils.set_random_seed(settings.seed)
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": settings.bfloat16})


def build_optimizer(settings: TrainSettings, variables: Sequence[tf.Variable]) -> keras.optimizers.Optimizer:
    """Adam for some variables: linear growth to the learning rate, then a cosine down to zero."""
    decay = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, settings.steps - settings.warmup),
        warmup_target=settings.learning_rate,
        warmup_steps=settings.warmup,
    )
    optimizer = keras.optimizers.Adam(decay, global_clipnorm=settings.clip_norm)
    optimizer.build(variables)
    return optimizer


def optimizer_variables(optimizer: keras.optimizers.Optimizer) -> dict[str, tf.Variable]:
    """What an optimiser remembers, by the names that checkpoints give it: "0" is the number of steps."""
    return {str(index): variable for index, variable in enumerate(optimizer.variables)}


def check_step(step: int, settings: TrainSettings, path: Path) -> None:
    """Refuses a step that a run does not have.

    Raises:
        TTVOSError: naming the checkpoint that it was read from.
    """
    if not 0 <= step <= settings.steps:
        raise TTVOSError(f"{path}: is of step {step}, but the run has steps 0 to {settings.steps}")
