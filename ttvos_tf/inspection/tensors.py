"""The features and the state of a network: which it has, and their shapes."""

from ttvos_tf.compat import tf
from ttvos_tf.contract import FEATURES, STATE, Tensor
from ttvos_tf.network.ttvos import TTVOS


def tensors_of(model: TTVOS, int8: bool = False) -> dict[str, Tensor]:
    """Name -> shape (batch 1) and dtype of the features, then of the state.

    Args:
        model: in its inference form (graph/inference.py), as features have other shapes before.
        int8: dtypes of an int8 file instead of a float one.
    """

    def begin(frame: tf.Tensor, mask: tf.Tensor) -> dict[str, tf.Tensor]:
        features = model.encode(frame)
        return features | model.init_from_features(features, mask)

    height, width = model.size
    frame, mask = tf.TensorSpec((1, height, width, 3), tf.uint8), tf.TensorSpec((1, height, width, 1), tf.float32)
    found = tf.function(begin).get_concrete_function(frame, mask).structured_outputs
    return {
        spec.name: Tensor((1, *found[spec.name].shape[1:]), spec.dtype_in(int8))
        for spec in (*FEATURES, *STATE)
        if spec.name in found
    }
