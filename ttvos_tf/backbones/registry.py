"""Builds a backbone by its name."""

import importlib

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.config import BACKBONES
from ttvos_tf.errors import TTVOSError


def build_backbone(name: str, *, weights: str | None = None, height: int, width: int) -> Backbone:
    """Builds a backbone.

    Args:
        name: one of BACKBONES.
        weights: None for random weights, "imagenet" to let keras.applications download them (not for hrnet), or a file.
        height, width: frame size in pixels, multiples of 16.

    Raises:
        TTVOSError: no such backbone, or weights that do not fit.
    """
    if name not in BACKBONES:
        raise TTVOSError(f"unknown backbone {name!r}: choose one of {', '.join(BACKBONES)}")
    module = importlib.import_module(f"ttvos_tf.backbones.{name}")
    return module.build(weights=weights, height=height, width=width)
