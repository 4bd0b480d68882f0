"""What the frame alone decides, computed once a frame and not once an object.

A convolution of joined inputs is a sum: W * [feature, mask] = W_f * feature + W_m * mask. The first term is the same
for all objects. It moves into the encoder, whose outputs become these terms, side by side:

    feat4    f4's term in the decoder
    feat8    f8's terms in the branches X, f and g, each through the pointwise and the grouped convolution
    feat16   f16's term in the short-term matching, and the one that it will have as `state_feat16` in the next frame

An object is left with the narrow rest. One object costs what it did; the second one much less.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ttvos_tf import contract
from ttvos_tf.backbones.base import Backbone
from ttvos_tf.compat import Tensor, keras
from ttvos_tf.contract import names
from ttvos_tf.layers import BlockDiagonalConv2D, Channels
from ttvos_tf.rebuild import Readers, copy_layer, readers, rebuild

FEATURES = names(contract.FEATURES)

Places = dict[str, tuple[int, int]]
"""Convolution, or feature as it is -> its channels in the encoder's output."""

# Input of an object's model -> the encoder's output that it is, now or a frame ago.
SOURCES = {**{name: name for name in FEATURES}, "state_feat16": "feat16"}


@dataclass(frozen=True)
class _Term:
    """A convolution that can be split.

    Attributes:
        feature: the input whose term it is.
        join: what the convolution reads: the feature beside other inputs.
        convolutions: it, and the linear one that follows directly, if there is one.
        start, stop: the feature's channels in the join.
    """

    feature: str
    join: keras.layers.Layer
    convolutions: tuple[keras.layers.Layer, ...]
    start: int
    stop: int

    @property
    def last(self) -> keras.layers.Layer:
        return self.convolutions[-1]

    @property
    def name(self) -> str:
        return self.last.name


def share_features(backbone: Backbone, *models: keras.Model) -> tuple[Backbone | keras.Model, ...]:
    """Moves the features' terms of the models' convolutions into the encoder.

    Args:
        backbone: its outputs are the features f4, f8 and f16, and keys with a memory, which stay as they are.
        models: of an object; inputs named in SOURCES are the features.

    Returns:
        The backbone, which shares its layers with the given one, and the models; together they give the same values.
        The backbone's new layers count as parts of its last block.
    """
    encoder = backbone.model
    terms = {model.name: _terms(model) for model in models}
    needed = {source for model in models for source in _read_as_they_are(model, terms[model.name])}
    places: Places = {}
    outputs, added = [], []
    for source, feature in zip(FEATURES, encoder.outputs, strict=False):
        split = [term for found in terms.values() for term in found if SOURCES[term.feature] == source]
        parts = {source: feature} if source in needed or not split else {}
        for term in split:
            parts[term.name] = feature
            for layer in _frame_layers(term):
                parts[term.name] = layer(parts[term.name])
                added.append(layer.name)
        stop = 0
        for name, part in parts.items():
            places[name] = (stop, stop := stop + part.shape[-1])
        joined = list(parts.values())
        outputs.append(keras.layers.Concatenate(name=f"{source}_terms")(joined) if len(joined) > 1 else joined[0])
    shared = keras.Model(encoder.inputs, [*outputs, *encoder.outputs[len(outputs) :]], name=encoder.name)
    channels = {source: output.shape[-1] for source, output in zip(FEATURES, outputs, strict=True)}
    extended = dataclasses.replace(backbone, model=shared, last_block=(*backbone.last_block, *added))
    return extended, *(_without(model, terms[model.name], places, channels) for model in models)


def _terms(model: keras.Model) -> list[_Term]:
    read_by = readers(model)
    found = []
    for join in model.layers:
        if type(join) is not keras.layers.Concatenate or not all(_splits(reader) for reader in read_by[join.name]):
            continue
        names = [tensor.node.layer.name for tensor in join.input]
        features = [name for name in names if name in SOURCES]
        if len(features) != 1:
            continue
        index = names.index(features[0])
        start = sum(tensor.shape[-1] for tensor in join.input[:index])
        stop = start + join.input[index].shape[-1]
        for reader in read_by[join.name]:
            found.append(_Term(features[0], join, _chain(reader, read_by), start, stop))
    return found


def _splits(layer: keras.layers.Layer) -> bool:
    """Whether a layer is linear and gives maps of its input's size."""
    if type(layer) not in (keras.layers.Conv2D, BlockDiagonalConv2D):
        return False
    keeps_size = layer.strides == (1, 1) and (layer.padding == "same" or layer.kernel_size == (1, 1))
    return layer.activation is keras.activations.linear and keeps_size


def _chain(convolution: keras.layers.Layer, read_by: Readers) -> tuple[keras.layers.Layer, ...]:
    """A pointwise convolution with a linear one that alone follows it; any other by itself."""
    following = read_by[convolution.name]
    chained = convolution.kernel_size == (1, 1) and len(following) == 1 and _splits(following[0])
    return (convolution, *following) if chained else (convolution,)


def _read_as_they_are(model: keras.Model, terms: Iterable[_Term]) -> set[str]:
    """The features that a model needs beside their terms."""
    read_by, split = readers(model), {term.join.name for term in terms}
    return {
        source for name, source in SOURCES.items() if any(reader.name not in split for reader in read_by.get(name, ()))
    }


def _frame_layers(term: _Term) -> list[keras.layers.Layer]:
    """The convolutions of the feature alone, with the biases."""
    result = []
    for convolution in term.convolutions:
        kernel, *bias = convolution.get_weights()
        if convolution is term.convolutions[0]:
            kernel = kernel[:, :, term.start : term.stop]
        layer = type(convolution).from_config({**convolution.get_config(), "name": f"{convolution.name}_frame"})
        layer.build((None, None, None, kernel.shape[2]))
        layer.set_weights([kernel, *bias])
        result.append(layer)
    return result


def _object_layer(term: _Term) -> keras.layers.Layer:
    """The convolution of what is joined with the feature: without a bias, two pointwise and other in one."""
    first, last = term.convolutions[0], term.last
    kernel = np.delete(first.get_weights()[0], np.s_[term.start : term.stop], axis=2)
    if first is not last:
        kernel = np.einsum("ci,yxio->yxco", kernel[0, 0], last.get_weights()[0])
    layer = keras.layers.Conv2D(
        last.filters, last.kernel_size, padding="same", use_bias=False, name=f"{term.name}_object"
    )
    layer.build((None, None, None, kernel.shape[2]))
    layer.set_weights([kernel])
    return layer


def _without(model: keras.Model, terms: Iterable[_Term], places: Places, channels: Mapping[str, int]) -> keras.Model:
    """An object's model that takes the terms from the encoder."""
    inputs: dict[str, Tensor] = {}
    joins = {term.join.name for term in terms}
    by_last = {term.name: term for term in terms}
    passed = {each.name for term in terms for each in term.convolutions} - set(by_last)

    def part(name: str, feature: str) -> Tensor:
        start, stop = places[name]
        if (start, stop) == (0, channels[SOURCES[feature]]):
            return inputs[feature]
        return Channels(start, stop, name=f"{feature}_{name}")(inputs[feature])

    def replace(layer: keras.layers.Layer) -> Callable | None:
        if isinstance(layer, keras.layers.InputLayer):
            return functools.partial(take, layer.name)
        if layer.name in joins:
            return functools.partial(join, layer)
        if layer.name in passed:
            return None
        if layer.name in by_last:
            return functools.partial(add, by_last[layer.name])
        return copy_layer(layer)

    def take(name: str, given: Tensor) -> Tensor:
        inputs[name] = given
        source = SOURCES.get(name)
        return part(source, name) if source in places else given

    def join(layer: keras.layers.Layer, tensors: Sequence[Tensor]) -> Tensor:
        others = [
            tensor for tensor, old in zip(tensors, layer.input, strict=True) if old.node.layer.name not in SOURCES
        ]
        return keras.layers.Concatenate(name=f"{layer.name}_object")(others) if len(others) > 1 else others[0]

    def add(term: _Term, rest: Tensor) -> Tensor:
        total = keras.layers.Add(name=f"{term.name}_sum")
        return total([part(term.name, term.feature), _object_layer(term)(rest)])

    return rebuild(model, replace, {name: channels[source] for name, source in SOURCES.items()})
