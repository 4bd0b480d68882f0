"""The layers TTVOS is made of, one idea a file."""

from ttvos_tf.layers.coordinates import Coordinates
from ttvos_tf.layers.grouped_conv import GroupedConv2D
from ttvos_tf.layers.pixel_shuffle import PixelShuffle
from ttvos_tf.layers.resize import ResizeLike
from ttvos_tf.layers.template import TemplateEmbedding, TemplateMatch, TemplateUpdate, running_mean

__all__ = [
    "Coordinates",
    "GroupedConv2D",
    "PixelShuffle",
    "ResizeLike",
    "TemplateEmbedding",
    "TemplateMatch",
    "TemplateUpdate",
    "running_mean",
]
