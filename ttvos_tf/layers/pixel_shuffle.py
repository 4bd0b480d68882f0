"""PixelShuffle (reference [29] of the paper) in NHWC order."""

from typing import Any

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class PixelShuffle(keras.layers.Layer):
    """Rearranges (B, H, W, r*r*C) to (B, H*r, W*r, C).

    Channel (i*r + j)*C + c of a cell becomes channel c of its pixel (i, j). PyTorch orders channels as (c, i, j):
    weights from there need their output channels permuted.

    Args:
        factor: r.
    """

    def __init__(self, factor: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(inputs, self.factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
