"""The adaptive template of section 3.2: embedding (Eq. 1), running mean (Eq. 2), matching (Eq. 3)."""

from collections.abc import Sequence
from typing import Any

from ttvos_tf.compat import keras, tf

TRAINED_POSITIONS = 30 * 54  # ours: the cells of a frame of 240x432, the size of training


def _flatten(x: tf.Tensor) -> tf.Tensor:
    """(B, H, W, C) -> (B, H*W, C)."""
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2], x.shape[3]])


@keras.utils.register_keras_serializable("ttvos_tf")
class TemplateEmbedding(keras.layers.Layer):
    """Eq. 1: [f (B, H, W, c), g (B, H, W, c)] -> I = softmax_rows(f g^T), (B, c, c); rows sum to 1.

    Ours: a scale before the softmax. The dot products sum over all H*W positions, 6480 at 480x864, and would saturate
    the softmax. The scale makes them means times the root of TRAINED_POSITIONS, so that the template is as sharp at
    every frame size. f is scaled before the product: this keeps fp16 accumulators below 65504.
    """

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        f, g = (_flatten(x) for x in inputs)
        scale = TRAINED_POSITIONS**0.5 / f.shape[1]
        return tf.nn.softmax(tf.matmul(f * scale, g, transpose_a=True), axis=-1)


@keras.utils.register_keras_serializable("ttvos_tf")
class TemplateMatch(keras.layers.Layer):
    """Eq. 3: [template (B, c, c), q (B, H, W, c)] -> S = template x q, (B, H, W, c).

    Channel k of S is how well row k of the template, a template vector, fits the query at each position.
    """

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        template, query = inputs
        similarity = tf.matmul(_flatten(query), template, transpose_b=True)
        return tf.reshape(similarity, [-1, *query.shape[1:]])


def running_mean(template: tf.Tensor, embedding: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """Eq. 2 as template + (embedding - template) * weight, with weight = 1/t: (B, c, c), weight (B,)."""
    return template + (embedding - template) * tf.reshape(weight, [-1, 1, 1])


@keras.utils.register_keras_serializable("ttvos_tf")
class TemplateUpdate(keras.layers.Layer):
    """Eq. 2 as a stateful layer: I_t (B, c, c) -> TP_t (B, c, c), the mean of all embeddings since the last reset.

    The paper's readable form, which tests compare with the network's explicit state. Template and count t are
    variables. The first call after `reset_states` returns its input.

    Args:
        batch_size: B, fixed because the state is a variable.
    """

    def __init__(self, batch_size: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.batch_size = batch_size

    def build(self, input_shape: Sequence[int]) -> None:
        def state(name: str, shape: tuple[int, ...]) -> tf.Variable:
            return self.add_weight(name=name, shape=shape, initializer="zeros", trainable=False)

        self.template = state("template", (self.batch_size, *input_shape[1:]))
        self.count = state("count", (self.batch_size,))
        super().build(input_shape)

    def call(self, embedding: tf.Tensor) -> tf.Tensor:
        self.count.assign_add(tf.ones_like(self.count))
        self.template.assign(running_mean(self.template, embedding, 1.0 / self.count))
        return tf.identity(self.template)

    def reset_states(self) -> None:
        """Forgets the template: the next call starts a new object or clip."""
        self.template.assign(tf.zeros_like(self.template))
        self.count.assign(tf.zeros_like(self.count))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "batch_size": self.batch_size}
