"""The decoder (section 3.1): u16 and the similarity features -> the foreground's logit at full size."""

from ttvos_tf.compat import Tensor, layers
from ttvos_tf.config import ModelConfig
from ttvos_tf.layers import ForegroundLogit, PixelShuffle
from ttvos_tf.network.blocks import conv, leaky, upsample


def decoder(config: ModelConfig, u16: Tensor, similarity: Tensor, f4: Tensor) -> tuple[Tensor, Tensor]:
    """Foreground minus background, (B, H, W, 1), and the features at stride 8 (B, H/8, W/8, decoder_channels).

    Args:
        config: `decoder_channels`.
        u16: of the short-term matching (B, H/16, W/16, matching_channels).
        similarity: similarity features (B, H/8, W/8, C8).
        f4: features (B, H/4, W/4, C4), concatenated.
    """
    width = config.decoder_channels
    x = leaky(upsample(u16, width, "decoder_up8"), "decoder_up8")
    u8 = conv(layers.Concatenate(name="decoder_join8")([x, similarity]), width, 3, "decoder_8")
    x = leaky(upsample(u8, width, "decoder_up4"), "decoder_up4")
    x = conv(layers.Concatenate(name="decoder_join4")([x, f4]), width, 3, "decoder_4")
    # Without a bias, so that it stays one linear map from decoder cells to pixels (graph/rewrites.py folds it).
    logits = PixelShuffle(2, name="logits")(upsample(x, 2 * 2 * 2, "decoder_up2", use_bias=False))
    return ForegroundLogit(name="logit")(logits), u8
