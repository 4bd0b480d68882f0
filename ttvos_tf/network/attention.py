"""The adaptive template attention module (section 3.2, Fig. 3): reading the template, and what it is updated with."""

from ttvos_tf.compat import Tensor, keras, layers
from ttvos_tf.config import ModelConfig
from ttvos_tf.layers import Coordinates, TemplateEmbedding, TemplateMatch
from ttvos_tf.network.blocks import branch, conv, join_mask


def template_attention(config: ModelConfig, f8: Tensor, mask8: Tensor, template: Tensor) -> Tensor:
    """The similarity features (B, H/8, W/8, C8): Eq. 3 between q(X_t) and the template, blended with X_t.

    Args:
        config: `long_term` off is the paper's fallback without a template.
        f8: features (B, H/8, W/8, C8).
        mask8: previous heatmap (B, H/8, W/8, 2 * past_masks).
        template: TP (B, C8, C8).
    """
    width = f8.shape[-1]
    joined = join_mask(f8, mask8, "attention")
    if not config.long_term:
        return conv(conv(joined, width, 3, "attention_1"), width, 3, "attention_2")
    if config.coordinates:
        joined = Coordinates(name="attention_coordinates")(joined)
    modified = branch(joined, width, "attention_x")
    query = branch(modified, width, "attention_q")
    similarity = TemplateMatch(name="attention_match")([template, query])
    return conv(layers.Concatenate(name="attention_concat")([similarity, modified]), width, 1, "attention_blend")


def template_encoder(config: ModelConfig, f8: Tensor, mask8: Tensor) -> keras.Model:
    """[f8, heatmap] -> [I (B, C8, C8)] of Eq. 1, and the update gate (B, 1) if the config has one.

    Args:
        config: `update_gate` is of the authors' later code.
        f8, mask8: inputs of the model, as for `template_attention`.
    """
    joined = join_mask(f8, mask8, "update")
    f, g = (branch(joined, f8.shape[-1], f"update_{name}") for name in "fg")
    outputs = [TemplateEmbedding(name="update_embedding")([f, g])]
    if config.update_gate:
        pooled = layers.GlobalAveragePooling2D(name="update_pool")(f)
        outputs.append(layers.Dense(1, activation="sigmoid", name="update_gate")(pooled))
    return keras.Model([f8, mask8], outputs, name="template_encoder")
