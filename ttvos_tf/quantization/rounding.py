"""How a quantised network rounds what it computes outside its Keras models."""

from dataclasses import dataclass

from ttvos_tf.compat import tf
from ttvos_tf.quantization.quantizers import KEY_RANGE, SameRange


@dataclass(frozen=True)
class Int8Rounding:
    """Fake quantisation (network/rounding.py).

    Attributes:
        logit_range: that of the segmentation head's logit.
    """

    logit_range: SameRange

    def activation(self, x: tf.Tensor, low: float, high: float) -> tf.Tensor:
        return tf.quantization.fake_quant_with_min_max_args(x, low, high)

    def key(self, x: tf.Tensor) -> tf.Tensor:
        return KEY_RANGE(x, training=False, weights={})

    def logit(self, x: tf.Tensor) -> tf.Tensor:
        return self.logit_range(x, training=False, weights={})
