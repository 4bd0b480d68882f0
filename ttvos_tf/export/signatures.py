"""The five signatures of a `.tflite` file, as functions of one frame (batch 1).

    init     frame, mask                              -> state_*
    step     frame, state_*                           -> probability, state_*
    encode   frame                                    -> feat4, feat8, feat16
    segment  feat4, feat8, feat16, state_*            -> logit
    update   feat8, feat16, mask_prob, state_*        -> state_*

frame is uint8 RGB (1, H, W, 3); mask, mask_prob and probability are float32 (1, H, W, 1) in [0, 1]; logit (1, H, W, 1)
is foreground minus background, before soft aggregation. `init` and `step` are what one object needs; the other three
serve several objects on one encoded frame.
"""

import copy
from collections.abc import Callable

from ttvos_tf.compat import keras, tf
from ttvos_tf.export.rewrites import dense_groups, single_logit
from ttvos_tf.model import TTVOS, Features, State
from ttvos_tf.runtime.interpreter import FEATURES, STATE


class Signatures(tf.Module):
    """The network as TFLite sees it.

    Tracks variables only: saving a Keras model that holds a Conv2DTranspose as part of the module fails once it has
    fake quantisation in it, and a Keras export would lose the names of inputs and outputs.
    """

    def __init__(self, model: TTVOS):
        super().__init__()
        model = copy.copy(model)
        segmenter = single_logit(dense_groups(model.segmenter))
        model.embedder = dense_groups(model.embedder)
        self._variables = [v for part in (model.encoder, segmenter, model.embedder) for v in part.variables]
        # The Keras models live in the functions' closures; as attributes they would be tracked.
        self.functions = _functions(model, segmenter)

    def concrete(self) -> dict[str, Callable]:
        """Signature name -> concrete function."""
        return {name: function.get_concrete_function() for name, function in self.functions.items()}


def _functions(model: TTVOS, segmenter: keras.Model) -> dict[str, tf.types.experimental.PolymorphicFunction]:
    height, width = model.size
    specs = {
        "frame": tf.TensorSpec((1, height, width, 3), tf.uint8, "frame"),
        "mask": tf.TensorSpec((1, height, width, 1), tf.float32, "mask"),
        "mask_prob": tf.TensorSpec((1, height, width, 1), tf.float32, "mask_prob"),
        "state_count": tf.TensorSpec((1,), tf.float32, "state_count"),
    }
    for tensor in model.segmenter.inputs:
        specs[tensor.name] = tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, tensor.name)

    def signature(*names: str):
        return tf.function(input_signature=[specs[name] for name in names])

    def logit_of(features: Features, state: State) -> tf.Tensor:
        return segmenter([*features, state["state_mask"], state["state_feat16"], state["state_template"]])

    @signature("frame", "mask")
    def init(frame, mask):
        return model.init(frame, mask)

    @signature("frame", *STATE)
    def step(frame, state_mask, state_feat16, state_template, state_count):
        state = dict(zip(STATE, (state_mask, state_feat16, state_template, state_count), strict=True))
        features = model.encode(frame)
        probability = tf.sigmoid(2.0 * logit_of(features, state))
        return {"probability": probability, **model.update(features, probability, state)}

    @signature("frame")
    def encode(frame):
        return dict(zip(FEATURES, model.encode(frame), strict=True))

    @signature(*FEATURES, *STATE[:3])
    def segment(feat4, feat8, feat16, state_mask, state_feat16, state_template):
        state = {"state_mask": state_mask, "state_feat16": state_feat16, "state_template": state_template}
        return {"logit": logit_of(Features(feat4, feat8, feat16), state)}

    @signature("feat8", "feat16", "mask_prob", "state_mask", "state_template", "state_count")
    def update(feat8, feat16, mask_prob, state_mask, state_template, state_count):
        state = {"state_mask": state_mask, "state_template": state_template, "state_count": state_count}
        return model.update(Features(None, feat8, feat16), mask_prob, state)

    return {"init": init, "step": step, "encode": encode, "segment": segment, "update": update}
