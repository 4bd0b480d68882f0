"""Coordinate channels, an option from the authors' later code."""

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class Coordinates(keras.layers.Layer):
    """(B, H, W, C) -> (B, H, W, C + 3): x and y in [-1, 1] and the distance from the centre, in [0, sqrt(2)]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width = inputs.shape[1:3]
        y, x = tf.meshgrid(tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width), indexing="ij")
        maps = tf.stack([x, y, tf.sqrt(x * x + y * y)], axis=-1)[None]
        return tf.concat([inputs, tf.tile(maps, [tf.shape(inputs)[0], 1, 1, 1])], axis=-1)
