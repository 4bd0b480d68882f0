"""The layers TTVOS is made of, one idea a file."""

from ttvos_tf.layers.channels import Channels
from ttvos_tf.layers.coordinates import Coordinates
from ttvos_tf.layers.foreground_logit import ForegroundLogit
from ttvos_tf.layers.grouped_conv import BlockDiagonalConv2D, GroupedConv2D
from ttvos_tf.layers.memory_read import MemoryRead, UnitLength
from ttvos_tf.layers.pad_with_color import PadWithColor
from ttvos_tf.layers.pixel_shuffle import PixelShuffle
from ttvos_tf.layers.resize import ResizeLike
from ttvos_tf.layers.template import TemplateEmbedding, TemplateMatch, TemplateUpdate, running_mean

__all__ = [
    "BlockDiagonalConv2D",
    "Channels",
    "Coordinates",
    "ForegroundLogit",
    "GroupedConv2D",
    "MemoryRead",
    "PadWithColor",
    "PixelShuffle",
    "ResizeLike",
    "TemplateEmbedding",
    "TemplateMatch",
    "TemplateUpdate",
    "UnitLength",
    "running_mean",
]
