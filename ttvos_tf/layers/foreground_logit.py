"""Two classes' logits as one."""

from ttvos_tf.compat import keras, tf


@keras.utils.register_keras_serializable("ttvos_tf")
class ForegroundLogit(keras.layers.Layer):
    """Logits (B, H, W, 2), background first -> foreground minus background (B, H, W, 1).

    Its sigmoid is the foreground's softmax.
    """

    def call(self, logits: tf.Tensor) -> tf.Tensor:
        return logits[..., 1:] - logits[..., :1]
