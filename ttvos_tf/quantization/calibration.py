"""Ranges of activations without training: post-training quantisation."""

from collections.abc import Iterable

from ttvos_tf.compat import tf
from ttvos_tf.contract import TARGET
from ttvos_tf.data.clip import Clip
from ttvos_tf.errors import TTVOSError
from ttvos_tf.network.heatmap import foreground_probability
from ttvos_tf.network.ttvos import TTVOS, Tensors


def calibrate(model: TTVOS, clips: Iterable[Clip]) -> None:
    """Sets a quantised network's ranges by rolling it through clips, each from its first mask on its own masks.

    Args:
        model: as quantization.quantize makes it.
        clips: of the network's frame size.

    Raises:
        TTVOSError: a float network, or no clip.
    """
    if not model.config.quantized:
        raise TTVOSError("calibrate: a float network has no ranges: quantise it first")

    @tf.function
    def encode(frame: tf.Tensor) -> Tensors:
        return model.encode(frame, training=True)

    @tf.function
    def start(features: Tensors, mask: tf.Tensor) -> Tensors:
        return model.init_from_features(features, mask, training=True)

    @tf.function
    def step(features: Tensors, state: Tensors) -> Tensors:
        logit, _ = model.segment(features, state, training=True)
        return model.update(features, foreground_probability(logit), state, training=True)

    count = 0
    for clip in clips:
        state = start(encode(clip.frames[:1]), tf.cast(clip.masks[:1, ..., None] == TARGET, tf.float32))
        for frame in clip.frames[1:]:
            state = step(encode(frame[None]), state)
        count += 1
    if not count:
        raise TTVOSError("calibrate: no clip was given; at least one is needed")
