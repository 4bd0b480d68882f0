"""Short-term matching (section 3.1): where the object went since the previous frame."""

from ttvos_tf.compat import Tensor, layers
from ttvos_tf.config import ModelConfig
from ttvos_tf.network.blocks import conv, join_mask


def short_term_matching(
    config: ModelConfig, f16: Tensor, previous_f16: Tensor, mask16: Tensor, memory_maps: Tensor | None = None
) -> Tensor:
    """u16 (B, H/16, W/16, matching_channels).

    Args:
        config: `short_term` off is the paper's fallback: this frame's features beside the previous heatmap.
        f16, previous_f16: features of this frame and of the previous one (B, H/16, W/16, C16).
        mask16: previous heatmap (B, H/16, W/16, 2 * past_masks).
        memory_maps: ours, of network/memory.py (B, H/16, W/16, MAPS); they join the blend.
    """
    width = config.matching_channels
    if not config.short_term:
        x = conv(join_mask(f16, mask16, "short"), width, 3, "short_1")
        return conv(x, width, 3, "short_2")
    x = conv(join_mask(previous_f16, mask16, "short"), width, 3, "short_1")
    x = conv(x, width, 3, "short_2")
    joined = [f16, x] if memory_maps is None else [f16, x, memory_maps]
    x = conv(layers.Concatenate(name="short_blend")(joined), width, 3, "short_3")
    return conv(x, width, 3, "short_4")
