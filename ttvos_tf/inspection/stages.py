"""The stages of a network and the tensors between them, read off its Keras models: what Fig. 2 shows."""

from collections.abc import Iterator
from dataclasses import dataclass

from ttvos_tf.compat import Tensor, keras, tf
from ttvos_tf.inspection.complexity import PARTS, Cost, costs
from ttvos_tf.network.ttvos import TTVOS

TITLES = {
    "frame": "frame t",
    "state": "state of t-1",
    "backbone": "backbone",
    "memory_read": "memory (ours)",
    "short_term_matching": "short-term matching",
    "template_attention": "template attention",
    "decoder": "decoder",
    "transition_head": "transition matrix (training only)",
    "template_update": "template update",
    "mask": "mask of t",
    "next_state": "state of t",
}
# What a stage of the segmentation head hands on.
HANDED_ON = {"short_term_matching": "u16", "template_attention": "similarity features", "decoder": "u8"}


@dataclass(frozen=True)
class Flow:
    """A tensor that a stage takes.

    Attributes:
        name: as in the network's models, or in the paper.
        shape: without the batch.
        source: the stage that it comes from.
    """

    name: str
    shape: tuple[int, ...]
    source: str


@dataclass(frozen=True)
class Stage:
    """A part of the network, or what goes into and out of it (`cost` is None).

    Attributes:
        name: a key of TITLES.
        cost: of one frame and object.
        takes: its inputs.
    """

    name: str
    cost: Cost | None
    takes: tuple[Flow, ...] = ()


def stages(model: TTVOS) -> list[Stage]:
    """The stages of one frame, in an order in which each comes after those that it takes from."""
    cost = costs(model)
    outputs = dict(zip(model.feature_names, model.encoder.outputs, strict=True))
    features = {name: Flow(name, _shape(output), "backbone") for name, output in outputs.items()}
    head = _takes_of_head(model.segmentation_head, features)
    logit, read = model.segmentation_head.outputs
    heatmap = Flow("heatmap", _shape(model.template_encoder.inputs[1]), "decoder")
    embedding = model.template_encoder.outputs[0]
    state = [heatmap, features["feat16"], Flow("template", _shape(embedding), "template_update")]
    result = [
        Stage("frame", None),
        Stage("state", None),
        Stage("backbone", cost["backbone"], (Flow("frame", (*model.size, 3), "frame"),)),
    ]
    if model.memory_reader is not None:
        taken = [
            features.get(name) or Flow(name, _shape(tensor), "state")
            for name, tensor in zip(model.memory_reader.input_names, model.memory_reader.inputs, strict=True)
        ]
        result.append(Stage("memory_read", cost["memory_read"], tuple(taken)))
        state.append(features["feat_key"])
    result += [Stage(name, cost[name], tuple(head[name])) for name in PARTS.values()]
    reader, _ = _owner(read)
    update = Flow("template", _shape(embedding), "state")
    return [
        *result,
        Stage("transition_head", cost["transition_head"], (Flow(HANDED_ON[reader], _shape(read), reader),)),
        Stage("template_update", cost["template_update"], (features["feat8"], heatmap, update)),
        Stage("mask", None, (Flow("logit", _shape(logit), "decoder"),)),
        Stage("next_state", None, tuple(state)),
    ]


def _takes_of_head(head: keras.Model, features: dict[str, Flow]) -> dict[str, list[Flow]]:
    """Stage of the segmentation head -> what it takes from elsewhere, by walking over its layers."""
    found: dict[str, dict[str, Flow]] = {stage: {} for stage in PARTS.values()}
    for layer in head.layers:
        stage = PARTS.get(layer.name.split("_")[0])
        if stage is None:
            continue
        for tensor in tf.nest.flatten(layer.input):
            source, name = _owner(tensor)
            if source == "input":
                flow = features.get(name) or Flow(
                    name, _shape(tensor), "memory_read" if name == "memory_maps" else "state"
                )
            elif source != stage:
                flow = Flow(HANDED_ON[source], _shape(tensor), source)
            else:
                continue
            found[stage][flow.name] = flow
    return {stage: [*flows.values()] for stage, flows in found.items()}


def _owner(tensor: Tensor) -> tuple[str, str]:
    """The stage that makes a tensor of the head, or "input"; and the name of the layer. Pools belong to their input."""
    layer = next(each for each in _upwards(tensor) if _is_input(each) or each.name.split("_")[0] in PARTS)
    return ("input" if _is_input(layer) else PARTS[layer.name.split("_")[0]]), layer.name


def _upwards(tensor: Tensor) -> Iterator[keras.layers.Layer]:
    while True:
        layer = tensor.node.layer
        yield layer
        tensor = tf.nest.flatten(layer.input)[0]


def _is_input(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape[1:])
