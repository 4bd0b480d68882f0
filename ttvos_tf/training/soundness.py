"""Whether a network has diverged."""

import contextlib
from collections.abc import Iterator, Sequence

from ttvos_tf.compat import keras

LARGEST_LOSS = 1e9  # of a sound network it is below 100


def has_diverged(loss: float) -> bool:
    """Whether a loss is not finite, or about to be."""
    return not abs(loss) < LARGEST_LOSS


@contextlib.contextmanager
def unmoved(parts: Sequence[keras.Model]) -> Iterator[None]:
    """Gives networks back what they were before the block: in training mode, batch norms and quantisers look on."""
    kept = [(variable, variable.numpy()) for part in parts for variable in part.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
