"""Ours, not the paper's: matching to remembered frames, so that the network knows its target by sight.

The paper's template is a summary of channels. It tells kinds of things apart, not one person from another. Here every
place of a frame has a key, made once for all objects. An object remembers the keys of two frames, with the target's
share of each place: the given frame for ever, and a recent one with the network's own mask. Each place of a new frame
is compared with all of them (layers/memory_read.py).
"""

import dataclasses
from collections.abc import Mapping

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.compat import keras, layers, tf
from ttvos_tf.layers import MemoryRead, ResizeLike, UnitLength
from ttvos_tf.layers.memory_read import PARTS
from ttvos_tf.network.rounding import Rounding

REMEMBER_EVERY = 5  # frames; 2 to 10 do as well within 0.6 J&F
SPACING = 2  # every second column is remembered: nearly as good as all, at half the cost
IN_SIGHT = 0.5  # largest share of a place from which a mask is worth remembering


def with_keys(backbone: Backbone, channels: int) -> Backbone:
    """The backbone with one more output: keys (B, H/16, W/16, channels) of length 1.

    Keys are one linear map of shallow and deep features (`Backbone.key_taps`), brought to stride 16: a convolution a
    tap, and their sum, so that each tap is rounded by its own range in int8.
    """
    model = backbone.model
    wanted = model.outputs[2]
    total, added = None, []
    for tap in backbone.key_taps:
        x = model.get_layer(tap).output
        if x.shape[1] > wanted.shape[1]:
            x = layers.AveragePooling2D(2, name=f"key_pool_{tap}")(x)
        x = layers.Conv2D(channels, 1, use_bias=total is None, name=f"key_{tap}")(x)
        added.append(f"key_{tap}")
        if x.shape[1] < wanted.shape[1]:
            x = ResizeLike(name=f"key_resize_{tap}")([x, wanted])
        total = x if total is None else layers.Add(name=f"key_add_{tap}")([total, x])
    keys = UnitLength(name="key_unit")(total)
    extended = keras.Model(model.inputs, [*model.outputs, keys], name=model.name)
    return dataclasses.replace(
        backbone,
        model=extended,
        last_block=(*backbone.last_block, *added),
        laterals=(*backbone.laterals, *added),
    )


def memory_reader(height: int, width: int, channels: int) -> keras.Model:
    """[feat_key, state_memory_key, state_memory_mask] -> maps (B, height, width, MAPS).

    Args:
        height, width: of the keys' map.
        channels: of a key.
    """
    places = 2 * places_of(height, width)
    inputs = [
        layers.Input((height, width, channels), name="feat_key"),
        layers.Input((places, channels), name="state_memory_key"),
        layers.Input((places, 1), name="state_memory_mask"),
    ]
    return keras.Model(inputs, MemoryRead(name="memory_read")(inputs), name="memory_reader")


def remember_given(feat_key: tf.Tensor, mask: tf.Tensor, rounding: Rounding) -> dict[str, tf.Tensor]:
    """The memory after the given frame, which is the recent one too.

    Args:
        feat_key: keys (B, H/16, W/16, K).
        mask: heatmap (B, H/8, W/8, 2 or more), background first.
        rounding: keys stay as the encoder counts them.

    Returns:
        state_memory_key (B, P, K) and state_memory_mask (B, P, 1): the given frame's places, then the recent one's.
    """
    keys, shares = _places(rounding.key(feat_key), mask)
    return {
        "state_memory_key": rounding.key(tf.tile(keys, [1, 2, 1])),
        "state_memory_mask": tf.tile(shares, [1, 2, 1]),
    }


def remember_recent(
    memory: Mapping[str, tf.Tensor], feat_key: tf.Tensor, mask: tf.Tensor, remember: tf.Tensor, rounding: Rounding
) -> dict[str, tf.Tensor]:
    """The memory after a frame: it takes the recent one's place if asked to, and if the target is in sight in it.

    Args:
        memory: the memory before.
        feat_key, mask, rounding: of the frame, as for `remember_given`.
        remember: (B,), 1 to take the frame in, else 0.
    """
    keys, shares = _places(rounding.key(feat_key), mask)
    most = tf.reduce_max(shares, axis=[1, 2])
    taken = remember * tf.cast(most > IN_SIGHT, tf.float32)
    recent = tf.concat([tf.zeros_like(shares), tf.ones_like(shares)], axis=1) * tf.reshape(taken, [-1, 1, 1])

    def blend(before: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
        return before + recent * (tf.tile(now, [1, 2, 1]) - before)

    return {
        "state_memory_key": rounding.key(blend(rounding.key(memory["state_memory_key"]), keys)),
        "state_memory_mask": blend(memory["state_memory_mask"], shares),
    }


def is_remembered(count: tf.Tensor) -> tf.Tensor:
    """Whether the frame that brings `state_count` (B,) to this value is remembered: every REMEMBER_EVERY-th is."""
    return tf.cast(tf.equal(tf.math.floormod(count, float(REMEMBER_EVERY)), 0.0), tf.float32)


def places_of(height: int, width: int) -> int:
    """How many places of a map of keys are remembered."""
    return -(-height * -(-width // SPACING) // PARTS) * PARTS


def _places(feat_key: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The keys (B, P/2, K) of the places that are remembered, and the target's shares (B, P/2, 1).

    Their order is that of layers/memory_read.py: the places are dealt out to PARTS parts in turn, and the parts come
    one after the other. The first places come twice where it takes them to make the parts equal.
    """
    shares = tf.nn.avg_pool2d(mask[..., 1:2], 2, 2, "VALID")
    return _in_parts(feat_key), _in_parts(shares)


def _in_parts(values: tf.Tensor) -> tf.Tensor:
    height, width, channels = values.shape[1:]
    count = places_of(height, width)
    remembered = tf.reshape(values[:, :, ::SPACING], [-1, height * -(-width // SPACING), channels])
    missing = count - remembered.shape[1]
    if missing:
        remembered = tf.concat([remembered, remembered[:, :missing]], axis=1)
    parts = tf.transpose(tf.reshape(remembered, [-1, count // PARTS, PARTS, channels]), [0, 2, 1, 3])
    return tf.reshape(parts, [-1, count, channels])
