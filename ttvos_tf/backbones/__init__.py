"""Backbones: normalised frame -> Features(f4, f8, f16). One file each, one registry.

Every backbone is a function `build(*, weights, height, width) -> keras.Model`, a functional model from a float32 frame
(H, W, 3), RGB, x / 127.5 - 1, to three float32 maps of about unit variance: f4 (H/4, W/4, C4), f8 (H/8, W/8, C8) and
f16 (H/16, W/16, C16). The model's attribute `last_block` names the layers that
training may change when the rest is frozen, `laterals` those of them that are not part of the published network and so
never pre-trained.
"""

import importlib

from ttvos_tf.compat import keras
from ttvos_tf.config import BACKBONES
from ttvos_tf.errors import TTVOSError


def build_backbone(name: str, *, weights: str | None = None, height: int, width: int) -> keras.Model:
    """Builds a backbone.

    Args:
        name: one of BACKBONES.
        weights: None for random weights, "imagenet" to let keras.applications download them (not for hrnet), or a file.
        height, width: frame size in pixels, multiples of 16.

    Returns:
        A functional model, frame (B, H, W, 3) -> [f4, f8, f16].
    """
    if name not in BACKBONES:
        raise TTVOSError(f"unknown backbone {name!r}: choose one of {', '.join(BACKBONES)}")
    module = importlib.import_module(f"ttvos_tf.backbones.{name}")
    return module.build(weights=weights, height=height, width=width)
