"""Bilinear resize of one feature map to the size of another."""

from collections.abc import Sequence

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class ResizeLike(keras.layers.Layer):
    """[x (B, h, w, C), like (B, H, W, any)] -> x resized bilinearly (half-pixel centres) to (B, H, W, C).

    A fixed factor would not fit: frame sizes are multiples of 16, so twice the size of the 1/32 map may be one more
    than the size of the 1/16 map.
    """

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        x, like = inputs
        return tf.image.resize(x, like.shape[1:3], method="bilinear")
