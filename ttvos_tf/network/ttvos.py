"""The network of TTVOS: encode, segment and update, put together from one config.

The three parts are functional Keras models without state. State is a flat dict of tensors, the same names, shapes and
dtypes in and out:

    state_mask      (B, H/8, W/8, 2 * past_masks)  background and foreground probability, newest mask first
    state_feat16    (B, H/16, W/16, C16)           f16 of the previous frame
    state_template  (B, c, c)                      TP of Eq. 2
    state_count     (B,)                           t of Eq. 2
"""

from collections.abc import Callable
from typing import NamedTuple

from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import (
    Coordinates,
    ForegroundLogit,
    GroupedConv2D,
    PixelShuffle,
    TemplateEmbedding,
    TemplateMatch,
    running_mean,
)

layers = keras.layers

State = dict[str, tf.Tensor]

# Features have unit variance, a mask's standard deviation is about 0.3: joined as they are, training stalls.
MASK_GAIN = 2.0

OUT_OF_REACH = 20.0  # taken from a logit: its sigmoid is 0 then, whatever it was
SHARP = 1e4  # slope of a step from 0 to 1


class Features(NamedTuple):
    """What a backbone makes of a frame; shared by all objects."""

    f4: tf.Tensor
    f8: tf.Tensor
    f16: tf.Tensor


def normalize(frame: tf.Tensor) -> tf.Tensor:
    """uint8 RGB (B, H, W, 3) -> float32 in [-1, 1]."""
    return tf.cast(frame, tf.float32) * (1 / 127.5) - 1.0


def pool_mask(probability: tf.Tensor) -> tf.Tensor:
    """Foreground probability (B, H, W, 1) -> heatmap (B, H/8, W/8, 2): exact cell means, background first."""
    # A mean and not a pool: XNNPACK has no int8 pool, and a converter puts the rounding before one.
    height, width = (size // 8 for size in probability.shape[1:3])
    means = tf.reduce_mean(tf.reshape(probability, [-1, 8, width, 8]), axis=[1, 3])
    foreground = tf.reshape(means, [-1, height, width, 1])
    return tf.concat([1.0 - foreground, foreground], axis=-1)


def _leaky(x, name: str):
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)


def _conv(x, filters: int, kernel_size: int, name: str):
    init = keras.initializers.HeNormal()
    return _leaky(layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer=init, name=name)(x), name)


def _upsample(x, filters: int, name: str, use_bias: bool = True):
    # No batch norm after a transposed convolution: it cannot be folded, and int8 conversion would leave it float.
    return layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=use_bias, name=name)(x)


def _branch(x, filters: int, name: str):
    """f, g, q and X of Fig. 3(b): a point-wise convolution, then a grouped 5x5 one, then LeakyReLU."""
    init = keras.initializers.HeNormal()
    x = layers.Conv2D(filters, 1, kernel_initializer=init, name=f"{name}_point")(x)
    return _leaky(GroupedConv2D(filters, name=f"{name}_group")(x), name)


def _join_mask(feature, mask, name: str):
    scaled = layers.Rescaling(MASK_GAIN, name=f"{name}_gain")(mask)
    return layers.Concatenate(name=f"{name}_join")([feature, scaled])


def _short_term_matching(config: ModelConfig, f16, previous_f16, mask16):
    """Section 3.1: where the object went since the previous frame. (B, H/16, W/16, matching_channels)."""
    width = config.matching_channels
    if not config.short_term:
        x = _conv(_join_mask(f16, mask16, "short"), width, 3, "short_1")
        return _conv(x, width, 3, "short_2")
    x = _conv(_join_mask(previous_f16, mask16, "short"), width, 3, "short_1")
    x = _conv(x, width, 3, "short_2")
    x = _conv(layers.Concatenate(name="short_blend")([f16, x]), width, 3, "short_3")
    return _conv(x, width, 3, "short_4")


def _template_attention(config: ModelConfig, f8, mask8, template):
    """Section 3.2, Fig. 3: the similarity features (B, H/8, W/8, C8)."""
    width = f8.shape[-1]
    joined = _join_mask(f8, mask8, "attention")
    if not config.long_term:
        return _conv(_conv(joined, width, 3, "attention_1"), width, 3, "attention_2")
    if config.coordinates:
        joined = Coordinates(name="attention_coordinates")(joined)
    modified = _branch(joined, width, "attention_x")
    query = _branch(modified, width, "attention_q")
    similarity = TemplateMatch(name="attention_match")([template, query])
    return _conv(layers.Concatenate(name="attention_concat")([similarity, modified]), width, 1, "attention_blend")


def _decoder(config: ModelConfig, u16, similarity, f4):
    """Section 3.1: the foreground's logit, (B, H, W, 1)."""
    width = config.decoder_channels
    x = layers.Concatenate(name="decoder_join8")(
        [_leaky(_upsample(u16, width, "decoder_up8"), "decoder_up8"), similarity]
    )
    x = _conv(x, width, 3, "decoder_8")
    x = _leaky(_upsample(x, width, "decoder_up4"), "decoder_up4")
    x = layers.Concatenate(name="decoder_join4")([x, f4])
    x = _conv(x, width, 3, "decoder_4")
    # Without a bias, so that it stays one linear map from decoder cells to pixels (graph/rewrites.py folds it).
    logits = PixelShuffle(2, name="logits")(_upsample(x, 2 * 2 * 2, "decoder_up2", use_bias=False))
    return ForegroundLogit(name="logit")(logits)


class TTVOS:
    """The network. Attributes are functional Keras models; methods wrap them into the recurrence.

    Attributes:
        config: what was built.
        encoder: frame in [-1, 1] (B, H, W, 3) -> [f4, f8, f16].
        segmenter: [feat4, feat8, feat16, state_mask, state_feat16, state_template] -> [logit (B, H, W, 1), foreground
            minus background; similarity features (B, H/8, W/8, C8)].
        embedder: [feat8, mask (B, H/8, W/8, 2 * past_masks)] -> [I (B, c, c)], and the update gate (B, 1) if there.
        rounded, rounded_logit: what the values of `find` go through: in a quantised network (x, low, high) -> x as int8
            counts it from low to high, and x -> x as the logit is counted; else x as it is.
        transition: similarity features -> pi_hat (B, H/8, W/8, 2) in (-1, 1); training only (section 3.3).
    """

    def __init__(self, config: ModelConfig, height: int, width: int, backbone_weights: str | None = None):
        if height % 16 or width % 16 or min(height, width) < 32:
            raise TTVOSError(f"size {height}x{width}: height and width must be multiples of 16, at least 32")
        self.config = config
        self.size = (height, width)
        self.rounded: Callable[..., tf.Tensor] = _exact
        self.rounded_logit: Callable[..., tf.Tensor] = _exact
        self.encoder = build_backbone(config.backbone, weights=backbone_weights, height=height, width=width)
        feat4, feat8, feat16 = (
            layers.Input(output.shape[1:], name=name)
            for name, output in zip(("feat4", "feat8", "feat16"), self.encoder.outputs, strict=True)
        )
        channels = feat8.shape[-1]
        mask8 = layers.Input((*feat8.shape[1:3], 2 * config.past_masks), name="state_mask")
        previous_f16 = layers.Input(feat16.shape[1:], name="state_feat16")
        template = layers.Input((channels, channels), name="state_template")

        mask16 = layers.AveragePooling2D(2, name="pool_mask16")(mask8)
        u16 = _short_term_matching(config, feat16, previous_f16, mask16)
        similarity = _template_attention(config, feat8, mask8, template)
        logit = _decoder(config, u16, similarity, feat4)
        inputs = [feat4, feat8, feat16, mask8, previous_f16, template]
        self.segmenter = keras.Model(inputs, [logit, similarity], name="segmenter")

        joined = _join_mask(feat8, mask8, "update")
        f, g = (_branch(joined, channels, f"update_{name}") for name in "fg")
        outputs = [TemplateEmbedding(name="update_embedding")([f, g])]
        if config.update_gate:
            pooled = layers.GlobalAveragePooling2D(name="update_pool")(f)
            outputs.append(layers.Dense(1, activation="sigmoid", name="update_gate")(pooled))
        self.embedder = keras.Model([feat8, mask8], outputs, name="embedder")

        features = layers.Input(similarity.shape[1:], name="similarity")
        pi_hat = layers.Conv2D(2, 3, padding="same", activation="tanh", name="transition_head")(features)
        self.transition = keras.Model(features, pi_hat, name="transition")

    @property
    def models(self) -> tuple[keras.Model, ...]:
        """All parts, the training-only transition head last."""
        return self.encoder, self.segmenter, self.embedder, self.transition

    def encode(self, frame: tf.Tensor, training: bool = False) -> Features:
        """Frame uint8 RGB (B, H, W, 3) -> features."""
        return Features(*self.encoder(normalize(frame), training=training))

    def segment(self, features: Features, state: State, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """One object's logit (B, H, W, 1), foreground minus background; similarity features (B, H/8, W/8, C8)."""
        recurrent = [state[name] for name in ("state_mask", "state_feat16", "state_template")]
        logit, similarity = self.segmenter([*features, *recurrent], training=training)
        return logit, similarity

    def update(self, features: Features, probability: tf.Tensor, state: State, training: bool = False) -> State:
        """The state after a frame, given its aggregated foreground probability (B, H, W, 1)."""
        mask = pool_mask(probability)
        if self.config.past_masks > 1:
            mask = tf.concat([mask, state["state_mask"][..., :-2]], axis=-1)
        count = state["state_count"] + 1.0
        template = state["state_template"]
        if self.config.update_template:
            template = running_mean(template, *self._embed(features.f8, mask, count, training))
        return _state(mask, features.f16, template, count)

    def start(self, features: Features, probability: tf.Tensor, training: bool = False) -> State:
        """The state after the given first frame: TP_1 = I of that frame, t = 1."""
        mask = self.masks(probability)
        count = tf.ones_like(mask[:, 0, 0, 0])
        embedding, _ = self._embed(features.f8, mask, count, training)
        return _state(mask, features.f16, embedding, count)

    def masks(self, probability: tf.Tensor) -> tf.Tensor:
        """`state_mask` if all past masks were this one: (B, H, W, 1) -> (B, H/8, W/8, 2 * past_masks)."""
        return tf.tile(pool_mask(probability), [1, 1, 1, self.config.past_masks])

    def init(self, frame: tf.Tensor, mask: tf.Tensor) -> State:
        """First frame uint8 (B, H, W, 3) and its mask in [0, 1] (B, H, W, 1) -> state."""
        return self.start(self.encode(frame), mask)

    def step(self, frame: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Next frame uint8 (B, H, W, 3) -> foreground probability of the single object (B, H, W, 1), new state."""
        return self.follow(self.encode(frame), state)

    def follow(self, features: Features, state: State) -> tuple[tf.Tensor, State]:
        """`step` on a frame that is encoded already."""
        probability = foreground(self.find(features, state))
        return probability, self.update(features, probability, state)

    def find(self, features: Features, state: State) -> tf.Tensor:
        """One object's logit (B, H, W, 1) at inference: that of `segment`, within the config's `reach`.

        A network sees a few dozen pixels around a place. It cannot know that the target is tracked elsewhere, so it
        takes look-alikes for it, however far away.
        """
        logit, _ = self.segment(features, state)
        cells = round(self.config.reach * self.size[0] / 8)
        if not cells:
            return logit
        rounded = self.rounded
        previous, window = rounded(state["state_mask"], 0.0, 255 / 256)[..., 1:2], 2 * cells + 1
        near = tf.nn.max_pool2d(tf.nn.max_pool2d(previous, (window, 1), 1, "SAME"), (1, window), 1, "SAME")
        # A pool over all of it: REDUCE_MAX and comparisons are slow in XNNPACK, which leaves them to other kernels.
        most = rounded(tf.nn.max_pool2d(previous, previous.shape[1:3], 1, "VALID") - 0.5, -0.5, 0.5)
        in_sight = rounded(tf.nn.relu6(SHARP * most), 0.0, 6.0)  # 0 or 6
        outside = rounded(tf.nn.relu(0.5 - near), 0.0, 0.5)
        far = rounded(rounded(OUT_OF_REACH / 3.0 * in_sight, 0.0, 2 * OUT_OF_REACH) * outside, 0.0, OUT_OF_REACH)
        # Each cell's value for its 8x8 pixels, by broadcasting: a resize to the full size takes a fifth of `segment`.
        width = previous.shape[2]
        pixels = tf.reshape(logit, [-1, 8, width, 8]) - tf.reshape(far, [-1, 1, width, 1])
        return tf.reshape(self.rounded_logit(pixels), [-1, *self.size, 1])

    def _embed(self, f8: tf.Tensor, mask: tf.Tensor, count: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """I of Eq. 1, and the weight (B,) of the new embedding: 1/t, or from the gate."""
        if not self.config.update_gate:
            return self.embedder([f8, mask], training=training), 1.0 / count
        embedding, gate = self.embedder([f8, mask], training=training)
        return embedding, gate[:, 0] / (1.0 + gate[:, 0])


def foreground(logit: tf.Tensor) -> tf.Tensor:
    """Logit d (B, H, W, 1) -> soft-aggregated foreground probability of a single object, (B, H, W, 1).

    Aggregation with the background (runtime/aggregation.py) makes it sigmoid(2 d), sharper than the softmax: what goes
    back into the state, in training as at inference.
    """
    return tf.sigmoid(2.0 * logit)


def _exact(x: tf.Tensor, *_: float) -> tf.Tensor:
    return x


def _state(mask: tf.Tensor, feat16: tf.Tensor, template: tf.Tensor, count: tf.Tensor) -> State:
    return {"state_mask": mask, "state_feat16": feat16, "state_template": template, "state_count": count}
