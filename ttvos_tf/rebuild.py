"""Rebuilding a functional Keras model layer by layer: what every rewrite of one is written with."""

from collections.abc import Callable, Mapping

from ttvos_tf.compat import Tensor, keras, tf

Readers = dict[str, list[keras.layers.Layer]]
"""Layer name -> the layers that take its output."""


def copy_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer of the same settings, to be given the same weights by `rebuild`."""
    return layer.__class__.from_config(layer.get_config())


def rebuild(
    model: keras.Model,
    replace: Callable[[keras.layers.Layer], Callable | None],
    channels: Mapping[str, int] | None = None,
) -> keras.Model:
    """The same graph of other layers.

    Args:
        model: functional, every layer called once.
        replace: layer -> the layer, or the function of tensors, in its place; None to leave it out. For an input layer:
            what to put behind it.
        channels: input -> its new number of channels, where that changes.

    Returns:
        A functional model of the same inputs and outputs. A new layer that is a copy_layer has the old one's weights;
        other layers have what `replace` or their initialiser gives them.
    """
    tensors: dict[int, Tensor] = {}
    inputs: list[Tensor] = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            *size, last = layer.output.shape[1:]
            shape = (*size, (channels or {}).get(layer.name, last))
            given = keras.Input(shape, dtype=layer.output.dtype, name=layer.name)
            inputs.append(given)
        else:
            given = tf.nest.map_structure(lambda tensor: tensors[id(tensor)], layer.input)
        new = replace(layer)
        tensors[id(layer.output)] = given if new is None else new(given)
        if isinstance(new, keras.layers.Layer) and type(new) is type(layer) and new.get_config() == layer.get_config():
            new.set_weights(layer.get_weights())
    by_name = {tensor.name: tensor for tensor in inputs}
    return keras.Model(
        [by_name[name] for name in model.input_names],
        [tensors[id(output)] for output in model.outputs],
        name=model.name,
    )


def readers(model: keras.Model) -> Readers:
    """Who reads whom in a functional model."""
    result: Readers = {layer.name: [] for layer in model.layers}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        for tensor in tf.nest.flatten(layer.input):
            result[tensor.node.layer.name].append(layer)
    return result
