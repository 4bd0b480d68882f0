"""The signatures of a `.tflite` file (contract.py), as functions of one frame (batch 1)."""

from collections.abc import Callable, Mapping

from ttvos_tf.compat import tf
from ttvos_tf.contract import (
    FRAME,
    HEAD_SIGNATURES,
    LOGIT,
    MASK,
    MASK_PROB,
    PROBABILITY,
    SIGNATURES,
)
from ttvos_tf.inspection.tensors import tensors_of
from ttvos_tf.network.ttvos import TTVOS

PARTS = {
    None: SIGNATURES,
    "encode": {"encode": SIGNATURES["encode"]},
    "head": HEAD_SIGNATURES,
}
"""Part of a network -> the signatures of its file."""

Tensors = Mapping[str, tf.Tensor]


class Signatures(tf.Module):
    """A network in its inference form (graph/inference.py), as TFLite sees it.

    Tracks variables only: saving a Keras model that holds a Conv2DTranspose as part of the module fails once it has
    fake quantisation in it, and a Keras export would lose the names of inputs and outputs.

    Args:
        model: the network.
        part: which signatures, one of PARTS: all of them on frames (None), "encode" alone, or the "head", all others on
            features.
    """

    def __init__(self, model: TTVOS, part: str | None = None):
        super().__init__()
        self._variables = [v for part in model.parts if part is not model.transition_head for v in part.variables]
        specs = _specs(model)
        # The Keras models live in the functions' closures; as attributes they would be tracked.
        self.functions = {
            name: _function(model, name, [specs[spec.name] for spec in signature.inputs if spec.name in specs])
            for name, signature in PARTS[part].items()
        }

    def concrete(self) -> dict[str, Callable]:
        """Signature name -> concrete function."""
        return {name: function.get_concrete_function() for name, function in self.functions.items()}


def _specs(model: TTVOS) -> dict[str, tf.TensorSpec]:
    """The inputs that signatures of this network can have, by name; float32, as the network computes."""
    height, width = model.size
    frame = {FRAME.name: tf.TensorSpec((1, height, width, 3), tf.uint8, FRAME.name)}
    maps = {spec.name: tf.TensorSpec((1, height, width, 1), tf.float32, spec.name) for spec in (MASK, MASK_PROB)}
    others = {name: tf.TensorSpec(tensor.shape, tf.float32, name) for name, tensor in tensors_of(model).items()}
    return frame | maps | others


def _function(model: TTVOS, signature: str, specs: list[tf.TensorSpec]) -> tf.types.experimental.PolymorphicFunction:
    """A signature with these inputs, which keep their names."""

    @tf.function(input_signature=specs)
    def function(*tensors: tf.Tensor) -> Tensors:
        return _compute(model, signature, dict(zip([spec.name for spec in specs], tensors, strict=True)))

    return function


def _compute(model: TTVOS, signature: str, tensors: Tensors) -> Tensors:
    """What a signature gives, by name. In a head's file the features come in instead of the frame."""
    features = model.encode(tensors[FRAME.name]) if FRAME.name in tensors else tensors
    if signature == "encode":
        return features
    if signature == "init":
        return model.init_from_features(features, tensors[MASK.name])
    if signature == "segment":
        return {LOGIT.name: model.infer_logit(features, tensors)}
    if signature == "update":
        return model.update(features, tensors[MASK_PROB.name], tensors)
    probability, state = model.step_from_features(features, tensors)
    return {PROBABILITY.name: probability, **state}
