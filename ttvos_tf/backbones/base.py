"""What a backbone is: a Keras model, and what training has to know of its layers."""

import dataclasses
from dataclasses import dataclass

from ttvos_tf.compat import Tensor, keras


@dataclass(frozen=True)
class Backbone:
    """A feature extractor.

    Attributes:
        model: functional, frame (B, H, W, 3) in [-1, 1], RGB -> [f4 (B, H/4, W/4, C4), f8 (B, H/8, W/8, C8), f16
            (B, H/16, W/16, C16)], of about unit variance.
        last_block: names of the layers that training may change when the rest is frozen (section 4).
        laterals: those of them that are no part of the published network, and so never pre-trained.
        key_taps: names of the layers, shallow ones first, whose maps at strides 8 to 32 tell one thing from another
            (network/memory.py).
        stem: names of the layers that end the stem, at strides 4 and 8, which a dense one may take the place of
            (backbones/dense_stem.py).
    """

    model: keras.Model
    last_block: tuple[str, ...] = ()
    laterals: tuple[str, ...] = ()
    key_taps: tuple[str, ...] = ()
    stem: tuple[str, ...] = ()

    def on(self, model: keras.Model) -> "Backbone":
        """The same of a rewritten model, whose layers kept their names or are gone."""
        kept = {layer.name for layer in model.layers}
        names = {
            field: tuple(name for name in getattr(self, field) if name in kept)
            for field in ("last_block", "laterals", "key_taps", "stem")
        }
        return dataclasses.replace(self, model=model, **names)


def conv_bn(x: Tensor, filters: int, kernel_size: int, name: str, strides: int = 1, relu: bool = True) -> Tensor:
    """A convolution, batch norm and, unless it is to stay linear, ReLU6, as MobileNetV2 has them."""
    layers = keras.layers
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(synchronized=True, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x
