"""Bilinear resize of one feature map to the size of another."""

from collections.abc import Sequence

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class ResizeLike(keras.layers.Layer):
    """[x (B, h, w, C), like (B, H, W, any)] -> x resized bilinearly (half-pixel centres) to (B, H, W, C).

    Frame sizes are multiples of 16, so the 1/32 map's size times two may exceed the 1/16 map's by one: a fixed factor
    would not fit.
    """

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        x, like = inputs
        return tf.image.resize(x, like.shape[1:3], method="bilinear")
