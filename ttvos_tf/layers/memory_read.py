"""Ours, not the paper's: how each place of a frame compares with the places of remembered frames."""

from collections.abc import Sequence

from ttvos_tf.compat import keras, tf

MAPS = 6
PARTS = 4  # interleaved parts of the places, each with a best match of its own


@keras.utils.register_keras_serializable("ttvos_tf")
class UnitLength(keras.layers.Layer):
    """Vectors along the last axis -> the same directions, of length 1."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(x, axis=-1)


@keras.utils.register_keras_serializable("ttvos_tf")
class MemoryRead(keras.layers.Layer):
    """[keys (B, h, w, K), remembered keys (B, P, K), the target's share of each (B, P, 1)] -> maps (B, h, w, MAPS).

    All keys have length 1, so a product of two is their cosine. The maps of a place are:

    - the remembered mask, carried over by a softmax of the cosines (Oh et al., "Space-Time Memory Networks", 2019);
    - the best cosine with the target, the best with the rest, and their difference;
    - the same two bests as means over PARTS interleaved parts of the places, which one lucky place cannot move.
    """

    def build(self, shapes: Sequence[Sequence[int]]) -> None:
        self.sharpness = self.add_weight(name="sharpness", shape=(), initializer=keras.initializers.Constant(24.0))
        super().build(shapes)

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        keys, memory, mask = inputs
        height, width, channels = keys.shape[1:]
        # Places first, so that every reduction over them runs along whole rows.
        cosine = tf.matmul(memory, tf.reshape(keys, [-1, height * width, channels]), transpose_b=True)
        weight = tf.exp(self.sharpness * (cosine - 1.0))  # a cosine is 1 at most: no need to take the largest off
        carried, total = tf.split(tf.matmul(tf.concat([mask, tf.ones_like(mask)], -1), weight, transpose_a=True), 2, 1)
        inside = mask / (tf.reduce_max(mask, axis=1, keepdims=True) + 1e-3)  # a small target fills no place
        target, targets = _best(cosine + (inside - 1.0))
        rest, rests = _best(cosine - mask)
        maps = tf.concat(
            [
                2.0 * carried / total,
                2.0 * target,
                2.0 * rest,
                4.0 * (target - rest),
                2.0 * targets,
                2.0 * rests,
            ],
            axis=1,
        )
        return tf.reshape(tf.transpose(maps, [0, 2, 1]), [-1, height, width, MAPS])


def _best(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(B, P, Q) -> the largest over P, and the mean of the largest of each part: (B, 1, Q) both."""
    places, queries = x.shape[1:]
    missing = -places % PARTS
    if missing:
        x = tf.pad(x, [[0, 0], [0, missing], [0, 0]], constant_values=-2.0)
    parts = tf.reduce_max(tf.reshape(x, [-1, (places + missing) // PARTS, PARTS, queries]), axis=1)
    return tf.reduce_max(parts, axis=1, keepdims=True), tf.reduce_mean(parts, axis=1, keepdims=True)
