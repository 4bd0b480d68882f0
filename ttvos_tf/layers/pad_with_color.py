"""A border of one colour."""

from typing import Any

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class PadWithColor(keras.layers.Layer):
    """(B, H, W, 3) -> (B, H + 2 pixels, W + 2 pixels, 3), framed with one colour.

    It concatenates, because a TFLite PAD fills all channels with one value.

    Args:
        pixels: width of the border.
        color: value of each channel, as the frame's pixels count.
    """

    def __init__(self, pixels: int, color: tuple[float, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.pixels = pixels
        self.color = tuple(color)

    def call(self, frame: tf.Tensor) -> tf.Tensor:
        rows = tf.zeros_like(frame[:, : self.pixels]) + self.color
        frame = tf.concat([rows, frame, rows], axis=1)
        columns = tf.zeros_like(frame[:, :, : self.pixels]) + self.color
        return tf.concat([columns, frame, columns], axis=2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pixels": self.pixels, "color": self.color}
