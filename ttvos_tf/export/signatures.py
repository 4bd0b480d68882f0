"""The five signatures of a `.tflite` file, as functions of one frame (batch 1).

    init     frame, mask                              -> state_*
    step     frame, state_*                           -> probability, state_*
    encode   frame                                    -> feat4, feat8, feat16
    segment  feat4, feat8, feat16, state_*            -> logit
    update   feat8, feat16, mask_prob, state_*        -> state_*

The file of the head, for a machine whose accelerator runs `encode`, has `feat4, feat8, feat16` instead of `frame`.

frame is uint8 RGB (1, H, W, 3); mask, mask_prob and probability are float32 (1, H, W, 1) in [0, 1]; logit (1, H, W, 1)
is foreground minus background, before soft aggregation. `init` and `step` are what one object needs; the other three
serve several objects on one encoded frame.
"""

from collections.abc import Callable

from ttvos_tf.compat import tf
from ttvos_tf.network.ttvos import TTVOS, Features
from ttvos_tf.runtime.interpreter import FEATURES, STATE


class Signatures(tf.Module):
    """A network in its inference form (graph/inference.py), as TFLite sees it.

    Tracks variables only: saving a Keras model that holds a Conv2DTranspose as part of the module fails once it has
    fake quantisation in it, and a Keras export would lose the names of inputs and outputs.

    Args:
        model: the network.
        part: which signatures: all of them on frames (None), "encode" alone, or the "head", all others on features.
    """

    def __init__(self, model: TTVOS, part: str | None = None):
        super().__init__()
        self._variables = [v for each in (model.encoder, model.segmenter, model.embedder) for v in each.variables]
        # The Keras models live in the functions' closures; as attributes they would be tracked.
        functions = _functions(model)
        if part == "encode":
            functions = {"encode": functions["encode"]}
        elif part == "head":
            del functions["encode"]
            functions |= _on_features(model)
        self.functions = functions

    def concrete(self) -> dict[str, Callable]:
        """Signature name -> concrete function."""
        return {name: function.get_concrete_function() for name, function in self.functions.items()}


def _signature(model: TTVOS, *names: str):
    """tf.function with inputs of these names."""
    height, width = model.size
    specs = {
        "frame": tf.TensorSpec((1, height, width, 3), tf.uint8, "frame"),
        "mask": tf.TensorSpec((1, height, width, 1), tf.float32, "mask"),
        "mask_prob": tf.TensorSpec((1, height, width, 1), tf.float32, "mask_prob"),
        "state_count": tf.TensorSpec((1,), tf.float32, "state_count"),
    }
    for tensor in model.segmenter.inputs:
        specs[tensor.name] = tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, tensor.name)
    return tf.function(input_signature=[specs[name] for name in names])


Functions = dict[str, tf.types.experimental.PolymorphicFunction]


def _functions(model: TTVOS) -> Functions:
    @_signature(model, "frame", "mask")
    def init(frame, mask):
        return model.init(frame, mask)

    @_signature(model, "frame", *STATE)
    def step(frame, state_mask, state_feat16, state_template, state_count):
        state = dict(zip(STATE, (state_mask, state_feat16, state_template, state_count), strict=True))
        probability, state = model.step(frame, state)
        return {"probability": probability, **state}

    @_signature(model, "frame")
    def encode(frame):
        return dict(zip(FEATURES, model.encode(frame), strict=True))

    @_signature(model, *FEATURES, *STATE[:3])
    def segment(feat4, feat8, feat16, state_mask, state_feat16, state_template):
        state = {"state_mask": state_mask, "state_feat16": state_feat16, "state_template": state_template}
        return {"logit": model.find(Features(feat4, feat8, feat16), state)}

    @_signature(model, "feat8", "feat16", "mask_prob", "state_mask", "state_template", "state_count")
    def update(feat8, feat16, mask_prob, state_mask, state_template, state_count):
        state = {"state_mask": state_mask, "state_template": state_template, "state_count": state_count}
        return model.update(Features(None, feat8, feat16), mask_prob, state)

    return {"init": init, "step": step, "encode": encode, "segment": segment, "update": update}


def _on_features(model: TTVOS) -> Functions:
    """`init` and `step` after `encode`."""

    @_signature(model, "feat8", "feat16", "mask")
    def init(feat8, feat16, mask):
        return model.start(Features(None, feat8, feat16), mask)

    @_signature(model, *FEATURES, *STATE)
    def step(feat4, feat8, feat16, state_mask, state_feat16, state_template, state_count):
        state = dict(zip(STATE, (state_mask, state_feat16, state_template, state_count), strict=True))
        probability, state = model.follow(Features(feat4, feat8, feat16), state)
        return {"probability": probability, **state}

    return {"init": init, "step": step}
