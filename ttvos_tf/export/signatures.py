"""The five signatures of a `.tflite` file, as functions of one frame (batch 1).

    init     frame, mask                              -> state_*
    step     frame, state_*                           -> probability, state_*
    encode   frame                                    -> feat*
    segment  feat*, state_*                           -> logit
    update   feat*, mask_prob, state_*                -> state_*

The file of the head, for a machine whose accelerator runs `encode`, has `feat*` instead of `frame`. A signature lacks
the inputs that it does not read.

frame is uint8 RGB (1, H, W, 3); mask, mask_prob and probability are float32 (1, H, W, 1) in [0, 1]; logit (1, H, W, 1)
is foreground minus background, before soft aggregation. `init` and `step` are what one object needs; the other three
serve several objects on one encoded frame.
"""

from collections.abc import Callable

from ttvos_tf.compat import tf
from ttvos_tf.network.ttvos import TTVOS


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
        self._variables = [v for part in model.parts[:-1] for v in part.variables]
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


Tensors = dict[str, tf.Tensor]
Functions = dict[str, tf.types.experimental.PolymorphicFunction]


def _functions(model: TTVOS) -> Functions:
    features, state = model.feature_names, model.state_names

    def step(given: Tensors) -> Tensors:
        return _with_probability(model.step(given["frame"], given))

    def segment(given: Tensors) -> Tensors:
        return {"logit": model.infer_logit(given, given)}

    return {
        "init": _signature(model, ("frame", "mask"), lambda given: model.init(given["frame"], given["mask"])),
        "step": _signature(model, ("frame", *state), step),
        "encode": _signature(model, ("frame",), lambda given: model.encode(given["frame"])),
        "segment": _signature(
            model,
            (*features, *state),
            segment,
            unread=("state_count",),
        ),
        "update": _signature(
            model,
            (*features, "mask_prob", *state),
            lambda given: model.update(given, given["mask_prob"], given),
            unread=("feat4", "state_feat16"),
        ),
    }


def _on_features(model: TTVOS) -> Functions:
    """`init` and `step` after `encode`."""
    features, state = model.feature_names, model.state_names
    return {
        "init": _signature(
            model,
            (*features, "mask"),
            lambda given: model.init_from_features(given, given["mask"]),
            unread=("feat4",),
        ),
        "step": _signature(
            model, (*features, *state), lambda given: _with_probability(model.step_from_features(given, given))
        ),
    }


def _with_probability(result: tuple[tf.Tensor, Tensors]) -> Tensors:
    probability, state = result
    return {"probability": probability, **state}


def _signature(
    model: TTVOS, names: tuple[str, ...], function: Callable[[Tensors], Tensors], unread: tuple[str, ...] = ()
) -> tf.types.experimental.PolymorphicFunction:
    """A function of tensors by name as tf.function, with inputs of these names but the unread ones."""
    height, width = model.size
    specs = {
        "frame": tf.TensorSpec((1, height, width, 3), tf.uint8, "frame"),
        "mask": tf.TensorSpec((1, height, width, 1), tf.float32, "mask"),
        "mask_prob": tf.TensorSpec((1, height, width, 1), tf.float32, "mask_prob"),
        "state_count": tf.TensorSpec((1,), tf.float32, "state_count"),
    }
    for part in (model.segmentation_head, model.memory_reader):
        for tensor in part.inputs if part is not None else ():
            specs[tensor.name] = tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, tensor.name)
    read = [name for name in names if name not in unread]

    @tf.function(input_signature=[specs[name] for name in read])
    def run(*tensors: tf.Tensor) -> Tensors:
        return function(dict(zip(read, tensors, strict=True)))

    return run
