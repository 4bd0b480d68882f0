"""Ours, not the paper's: how each place of a frame compares with the places of remembered frames."""

from collections.abc import Sequence

from ttvos_tf.compat import keras, tf

MAPS = 6
NOTHING = 1e-6  # the sum of a softmax's terms that a place like none leaves
PARTS = 4  # interleaved parts of a remembered frame's places, each with a best match of its own


@keras.utils.register_keras_serializable("ttvos_tf")
class UnitLength(keras.layers.Layer):
    """Vectors along the last axis -> the same directions, of length 1."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(x, axis=-1)


@keras.utils.register_keras_serializable("ttvos_tf")
class MemoryRead(keras.layers.Layer):
    """[keys (B, h, w, K), remembered keys (B, P, K), the target's share of each (B, P, 1)] -> maps (B, h, w, MAPS).

    The P places are those of two frames. A frame's places come part after part, in PARTS parts of one length.
    All keys have length 1, so a product of two is their cosine. The maps of a place are:

    - the remembered mask, carried over by a softmax of the cosines (Oh et al., "Space-Time Memory Networks", 2019), and
      0 where nothing is alike;
    - the best cosine with the target, the best with the rest, and their difference;
    - the same two bests as means over the parts, each of both frames: one lucky place cannot move them.
    """

    def build(self, shapes: Sequence[Sequence[int]]) -> None:
        self.sharpness = self.add_weight(name="sharpness", shape=(), initializer=keras.initializers.Constant(24.0))
        super().build(shapes)

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        keys, memory, mask = inputs
        height, width, channels = keys.shape[1:]
        # Each place's cosines are one row, so that every reduction runs along memory. Their matrix is the largest of
        # all: scaling the keys instead of it saves a pass over it.
        sharp = tf.matmul(self.sharpness * tf.reshape(keys, [-1, height * width, channels]), memory, transpose_b=True)
        weight = tf.exp(sharp - self.sharpness)  # a cosine is 1 at most: no need to take the largest off
        carried, total = tf.split(tf.matmul(weight, tf.concat([mask, tf.ones_like(mask)], -1)), 2, -1)
        share = tf.reshape(mask, [-1, 1, memory.shape[1]])
        inside = share / (tf.reduce_max(share, axis=2, keepdims=True) + 1e-3)  # a small target fills no place
        target, targets = self._best(sharp, inside - 1.0)
        rest, rests = self._best(sharp, -share)
        maps = [
            2.0 * carried / (total + NOTHING),  # half floats would divide 0 by 0
            2.0 * target,
            2.0 * rest,
            4.0 * (target - rest),
            2.0 * targets,
            2.0 * rests,
        ]
        return tf.reshape(tf.concat(maps, axis=-1), [-1, height, width, MAPS])

    def _best(self, sharp: tf.Tensor, offset: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The largest of cosine + offset, and the mean over the parts of each one's largest: (B, Q, 1) both.

        Args:
            sharp: sharpness times the cosines (B, Q, P).
            offset: (B, 1, P).
        """
        queries, places = sharp.shape[1:]
        runs = tf.reshape(sharp + self.sharpness * offset, [-1, queries, 2 * PARTS, places // (2 * PARTS)])
        frames = tf.reshape(tf.reduce_max(runs, axis=3) / self.sharpness, [-1, queries, 2, PARTS])
        parts = tf.reduce_max(frames, axis=2)
        return tf.reduce_max(parts, axis=2, keepdims=True), tf.reduce_mean(parts, axis=2, keepdims=True)
