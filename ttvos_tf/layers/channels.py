"""Some channels of a feature map."""

from typing import Any

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class Channels(keras.layers.Layer):
    """(B, H, W, C) -> (B, H, W, stop - start): channels start to stop.

    Args:
        start, stop: 0 <= start < stop <= C.
    """

    def __init__(self, start: int, stop: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.start = start
        self.stop = stop

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs[..., self.start : self.stop]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start, "stop": self.stop}
