"""TTVOS: the recurrence of the paper over parts without state, put together from one config.

State and features are flat dicts of tensors, named as in a `.tflite` file (contract.py says what each one is): the same
names, shapes and dtypes go in and come out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttvos_tf.backbones.base import Backbone
from ttvos_tf.backbones.dense_stem import with_dense_stem
from ttvos_tf.backbones.registry import build_backbone
from ttvos_tf.compat import keras, layers, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.contract import FEATURES, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.layers import running_mean
from ttvos_tf.network.attention import template_attention, template_encoder
from ttvos_tf.network.decoder import decoder
from ttvos_tf.network.heatmap import foreground_probability, normalize, pool_mask
from ttvos_tf.network.matching import short_term_matching
from ttvos_tf.network.memory import is_remembered, memory_reader, remember_given, remember_recent, with_keys
from ttvos_tf.network.reach import limit_reach
from ttvos_tf.network.rounding import EXACT, Rounding

Tensors = Mapping[str, tf.Tensor]  # features, or a state that comes in
State = dict[str, tf.Tensor]


@dataclass(frozen=True)
class TTVOS:
    """The network: functional Keras models, and the recurrence over them.

    Attributes:
        config: what was built.
        size: (height, width) of its frames.
        backbone: frame in [-1, 1] (B, H, W, 3) -> the features, in the order of `feature_names`.
        segmentation_head: [feat4, feat8, feat16, state_mask, state_feat16, state_template] and, with a memory,
            memory_maps -> [logit (B, H, W, 1), foreground minus background; what the transition head reads
            (B, H/8, W/8, C): the similarity features, unless the config says otherwise].
        template_encoder: [feat8, mask (B, H/8, W/8, 2 * past_masks)] -> [I (B, c, c)], and the update gate (B, 1) if
            there.
        transition_head: those features -> pi_hat (B, H/8, W/8, 2) in (-1, 1); training only (section 3.3).
        memory_reader: ours: [feat_key, state_memory_key, state_memory_mask] -> memory_maps; None without a memory.
        rounding: of what is computed outside these models.
    """

    config: ModelConfig
    size: tuple[int, int]
    backbone: Backbone
    segmentation_head: keras.Model
    template_encoder: keras.Model
    transition_head: keras.Model
    memory_reader: keras.Model | None = None
    rounding: Rounding = EXACT

    @property
    def encoder(self) -> keras.Model:
        """The backbone's Keras model."""
        return self.backbone.model

    @property
    def parts(self) -> tuple[keras.Model, ...]:
        """All Keras models; the training-only transition head is the last."""
        memory = () if self.memory_reader is None else (self.memory_reader,)
        return self.encoder, self.segmentation_head, self.template_encoder, *memory, self.transition_head

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What `encode` gives, in the order of the backbone's outputs."""
        return names(FEATURES, keys=self.memory_reader is not None)

    def encode(self, frame: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        """Frame uint8 RGB (B, H, W, 3) -> features, shared by all objects."""
        return dict(zip(self.feature_names, self.encoder(normalize(frame), training=training), strict=True))

    def segment(self, features: Tensors, state: Tensors, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """One object's logit (B, H, W, 1), foreground minus background; what the transition head reads."""
        known = {**features, **state}
        if self.memory_reader is not None:
            read = [known[name] for name in self.memory_reader.input_names]
            known["memory_maps"] = self.memory_reader(read, training=training)
        logit, similarity = self.segmentation_head(
            [known[name] for name in self.segmentation_head.input_names], training=training
        )
        return logit, similarity

    def infer_logit(self, features: Tensors, state: Tensors) -> tf.Tensor:
        """One object's logit (B, H, W, 1) at inference: that of `segment`, within the config's reach (ours)."""
        logit, _ = self.segment(features, state)
        return limit_reach(logit, state["state_mask"], self.config.reach, self.rounding)

    def update(
        self,
        features: Tensors,
        probability: tf.Tensor,
        state: Tensors,
        training: bool = False,
        remember: tf.Tensor | None = None,
    ) -> State:
        """The state after a frame.

        Args:
            features: feat8 and feat16 of the frame, and feat_key with a memory.
            probability: its aggregated foreground probability (B, H, W, 1).
            state: before the frame; state_feat16 is not needed.
            training: batch norms use the batch's statistics.
            remember: (B,), 1 where the memory takes the frame in, else 0; None: as at inference (network/memory.py).
        """
        mask = pool_mask(probability)
        if self.config.past_masks > 1:
            mask = tf.concat([mask, state["state_mask"][..., :-2]], axis=-1)
        count = state["state_count"] + 1.0
        template = state["state_template"]
        if self.config.update_template:
            template = running_mean(template, *self._embed_target(features["feat8"], mask, count, training))
        memory: State = {}
        if self.memory_reader is not None:
            taken = is_remembered(count) if remember is None else remember
            memory = remember_recent(state, features["feat_key"], mask, taken, self.rounding)
        return _state(mask, features["feat16"], template, count) | memory

    def init_from_features(self, features: Tensors, probability: tf.Tensor, training: bool = False) -> State:
        """The state after the given first frame: TP_1 = I of that frame, t = 1."""
        mask = self.initial_mask_state(probability)
        count = tf.ones_like(mask[:, 0, 0, 0])
        embedding, _ = self._embed_target(features["feat8"], mask, count, training)
        memory = {} if self.memory_reader is None else remember_given(features["feat_key"], mask, self.rounding)
        return _state(mask, features["feat16"], embedding, count) | memory

    def initial_mask_state(self, probability: tf.Tensor) -> tf.Tensor:
        """`state_mask` if all past masks were this one: (B, H, W, 1) -> (B, H/8, W/8, 2 * past_masks)."""
        return tf.tile(pool_mask(probability), [1, 1, 1, self.config.past_masks])

    def init(self, frame: tf.Tensor, mask: tf.Tensor) -> State:
        """First frame uint8 (B, H, W, 3) and its mask in [0, 1] (B, H, W, 1) -> state."""
        return self.init_from_features(self.encode(frame), mask)

    def step(self, frame: tf.Tensor, state: Tensors) -> tuple[tf.Tensor, State]:
        """Next frame uint8 (B, H, W, 3) -> foreground probability of the single object (B, H, W, 1), new state."""
        return self.step_from_features(self.encode(frame), state)

    def step_from_features(self, features: Tensors, state: Tensors) -> tuple[tf.Tensor, State]:
        """`step` on a frame that is encoded already."""
        probability = foreground_probability(self.infer_logit(features, state))
        return probability, self.update(features, probability, state)

    def _embed_target(
        self, feat8: tf.Tensor, mask: tf.Tensor, count: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """I of Eq. 1, and the weight (B,) of the new embedding: 1/t, or from the gate."""
        if not self.config.update_gate:
            return self.template_encoder([feat8, mask], training=training), 1.0 / count
        embedding, gate = self.template_encoder([feat8, mask], training=training)
        return embedding, gate[:, 0] / (1.0 + gate[:, 0])


def build_ttvos(config: ModelConfig, height: int, width: int, backbone_weights: str | None = None) -> TTVOS:
    """Builds the float network for frames of one size; its weights fit every size.

    Args:
        config: which network; not a quantised one (factory.py).
        height, width: of a frame in pixels, multiples of 16.
        backbone_weights: see backbones.registry.build_backbone.

    Raises:
        TTVOSError: a size that the network cannot have, or weights that do not fit.
    """
    if config.quantized:
        raise TTVOSError("build_ttvos: a quantised network is made of a float one, by factory.build_model")
    if height % 16 or width % 16 or min(height, width) < 32:
        raise TTVOSError(f"size {height}x{width}: height and width must be multiples of 16, at least 32")
    backbone = build_backbone(config.backbone, weights=backbone_weights, height=height, width=width)
    if config.dense_stem:
        backbone = with_dense_stem(backbone)
    if config.key_channels:
        backbone = with_keys(backbone, config.key_channels)

    def given(name: str, shape: tuple[Any, ...]) -> tf.Tensor:
        return layers.Input(shape, name=name)

    f4, f8, f16 = (output.shape[1:] for output in backbone.model.outputs[:3])
    feat4, feat8, feat16 = given("feat4", f4), given("feat8", f8), given("feat16", f16)
    mask8 = given("state_mask", (*f8[:2], 2 * config.past_masks))
    previous_f16 = given("state_feat16", f16)
    template = given("state_template", (f8[2], f8[2]))
    inputs = [feat4, feat8, feat16, mask8, previous_f16, template]
    reader = memory_maps = None
    if config.key_channels:
        height16, width16, _ = f16
        reader = memory_reader(height16, width16, config.key_channels)
        memory_maps = given("memory_maps", reader.output_shape[1:])
        inputs.append(memory_maps)

    mask16 = layers.AveragePooling2D(2, name="pool_mask16")(mask8)
    u16 = short_term_matching(config, feat16, previous_f16, mask16, memory_maps)
    similarity = template_attention(config, feat8, mask8, template)
    logit, u8 = decoder(config, u16, similarity, feat4)
    read = similarity if config.transition_reads == "similarity" else u8
    features = layers.Input(read.shape[1:], name="similarity")
    pi_hat = layers.Conv2D(2, 3, padding="same", activation="tanh", name="transition_head")(features)
    return TTVOS(
        config,
        (height, width),
        backbone,
        segmentation_head=keras.Model(inputs, [logit, read], name="segmentation_head"),
        template_encoder=template_encoder(config, feat8, mask8),
        transition_head=keras.Model(features, pi_hat, name="transition_head_model"),
        memory_reader=reader,
    )


def _state(mask: tf.Tensor, feat16: tf.Tensor, template: tf.Tensor, count: tf.Tensor) -> State:
    return {"state_mask": mask, "state_feat16": feat16, "state_template": template, "state_count": count}
