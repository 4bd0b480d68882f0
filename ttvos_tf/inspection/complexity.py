"""Parameters and multiply-adds of the network, part by part, as Table 1 counts them."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from ttvos_tf.compat import keras
from ttvos_tf.layers import GroupedConv2D, MemoryRead, TemplateEmbedding, TemplateMatch
from ttvos_tf.network.ttvos import TTVOS


@dataclass(frozen=True)
class Cost:
    """Of one part, for one frame and one object.

    Attributes:
        parameters: trained values; a batch norm's running statistics are not counted, as in PyTorch.
        multiply_adds: of convolutions (grouped ones as grouped), transposed convolutions, dense layers and matrix
            products; the paper's "FLOPS".
    """

    parameters: int
    multiply_adds: int


# First word of a layer's name in the segmentation head -> part.
PARTS = {"short": "short_term_matching", "attention": "template_attention", "decoder": "decoder"}


def costs(model: TTVOS) -> dict[str, Cost]:
    """The cost of each part.

    Returns:
        By name: backbone, the parts of the segmentation head (PARTS), template_update, memory_read (0 in a network
        without a memory), transition_head. The memory's keys count with the backbone.
    """
    head: dict[str, list] = {part: [] for part in PARTS.values()}
    for layer in model.segmentation_head.layers:
        if layer.weights or multiply_adds(layer):
            head[PARTS[layer.name.split("_")[0]]].append(layer)
    parts = {
        "backbone": model.encoder.layers,
        **head,
        "template_update": model.template_encoder.layers,
        "memory_read": () if model.memory_reader is None else model.memory_reader.layers,
        "transition_head": model.transition_head.layers,
    }
    return {name: _total(part) for name, part in parts.items()}


def _total(part: Iterable[keras.layers.Layer]) -> Cost:
    return Cost(sum(map(parameters, part)), sum(map(multiply_adds, part)))


def parameters(layer: keras.layers.Layer) -> int:
    """Trained values of a layer, frozen or not."""
    statistics = ("moving_mean", "moving_variance")
    return sum(prod(v.shape) for v in layer.weights if v.name.split("/")[-1].split(":")[0] not in statistics)


def multiply_adds(layer: keras.layers.Layer) -> int:
    """Multiply-adds of a layer for a batch of one; 0 for layers without products that count."""
    if isinstance(layer, TemplateEmbedding):  # f (H, W, c) x g (H, W, c)
        height, width, channels = layer.input_shape[0][1:]
        return height * width * channels**2
    if isinstance(layer, TemplateMatch):  # template (c, c) x q (H, W, c)
        return prod(layer.output_shape[1:]) * layer.output_shape[-1]
    if isinstance(layer, MemoryRead):  # keys (h, w, K) x remembered keys (P, K), and the carried mask and its weight
        (height, width, channels), (places, _) = (shape[1:] for shape in layer.input_shape[:2])
        return height * width * places * (channels + 2)
    if isinstance(layer, keras.layers.Conv2DTranspose):  # kernel (h, w, out, in), applied at every input position
        return prod(layer.input_shape[1:-1]) * prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # kernel (h, w, in, multiplier)
        return prod(layer.output_shape[1:]) * prod(layer.kernel_size)
    if isinstance(layer, (keras.layers.Conv2D, GroupedConv2D, keras.layers.Dense)):  # kernel (..., in of a group, out)
        return prod(layer.output_shape[1:]) * prod(layer.kernel.shape[:-1])
    if hasattr(layer, "kernel"):
        raise TypeError(f"layer {layer.name}: no count for a {type(layer).__name__}")
    return 0
