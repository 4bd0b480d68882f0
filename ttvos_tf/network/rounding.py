"""What a quantised network rounds outside its Keras models, where converters would otherwise choose ranges."""

from typing import Protocol

from ttvos_tf.compat import tf


class Rounding(Protocol):
    """How values are rounded; a float network leaves them as they are."""

    def activation(self, x: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """x as int8 counts it from low to high."""
        ...

    def key(self, x: tf.Tensor) -> tf.Tensor:
        """Keys of length 1, as the file's `feat_key` counts them."""
        ...

    def logit(self, x: tf.Tensor) -> tf.Tensor:
        """A logit as the segmentation head counts it."""
        ...


class ExactRounding:
    """None: of a float network."""

    def activation(self, x: tf.Tensor, low: float, high: float) -> tf.Tensor:
        return x

    def key(self, x: tf.Tensor) -> tf.Tensor:
        return x

    def logit(self, x: tf.Tensor) -> tf.Tensor:
        return x


EXACT = ExactRounding()
