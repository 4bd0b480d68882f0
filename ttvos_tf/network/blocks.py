"""The pieces that the parts of the network are made of. Layer names are the keys of weights files."""

from ttvos_tf.compat import Tensor, keras, layers
from ttvos_tf.layers import GroupedConv2D

# Ours: features have unit variance, a mask's standard deviation is about 0.3. Joined as they are, training stalls.
MASK_GAIN = 2.0


def leaky(x: Tensor, name: str) -> Tensor:
    """LeakyReLU with a slope of 0.1 (ours: the paper names none)."""
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)


def conv(x: Tensor, filters: int, kernel_size: int, name: str) -> Tensor:
    """A convolution of the same size and a LeakyReLU."""
    init = keras.initializers.HeNormal()
    return leaky(layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer=init, name=name)(x), name)


def upsample(x: Tensor, filters: int, name: str, use_bias: bool = True) -> Tensor:
    """Twice the size, by a transposed convolution."""
    # No batch norm after a transposed convolution: it cannot be folded, and int8 conversion would leave it float.
    return layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=use_bias, name=name)(x)


def branch(x: Tensor, filters: int, name: str) -> Tensor:
    """f, g, q and X of Fig. 3(b): a pointwise convolution, then a grouped 5x5 one, then LeakyReLU."""
    init = keras.initializers.HeNormal()
    x = layers.Conv2D(filters, 1, kernel_initializer=init, name=f"{name}_point")(x)
    return leaky(GroupedConv2D(filters, name=f"{name}_group")(x), name)


def join_mask(feature: Tensor, mask: Tensor, name: str) -> Tensor:
    """A feature map beside a heatmap of its size."""
    scaled = layers.Rescaling(MASK_GAIN, name=f"{name}_gain")(mask)
    return layers.Concatenate(name=f"{name}_join")([feature, scaled])
