import numpy as np
import pytest

from ttvos_tf.compat import tf
from ttvos_tf.config import BACKBONES, ModelConfig
from ttvos_tf.contract import STATE, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.factory import build_model
from ttvos_tf.graph.inference import inference_form
from ttvos_tf.layers.memory_read import PARTS
from ttvos_tf.network.memory import REMEMBER_EVERY, remember_given, remember_recent
from ttvos_tf.network.rounding import EXACT

SIZE = (48, 80)  # 3 x 5 places: an odd number of columns
CONFIG = ModelConfig(matching_channels=8, decoder_channels=8, key_channels=4)


@pytest.fixture(scope="module")
def model():
    return build_model(CONFIG, height=SIZE[0], width=SIZE[1])


def random_frame(seed):
    return np.random.default_rng(seed).integers(0, 256, (1, *SIZE, 3), np.uint8)


def square():
    mask = np.zeros((1, *SIZE, 1), np.float32)
    mask[0, :32, :32] = 1
    return mask


def test_keys_have_length_one(model):
    keys = model.encode(random_frame(0))["feat_key"].numpy()
    assert keys.shape == (1, 3, 5, 4)
    np.testing.assert_allclose(np.linalg.norm(keys, axis=-1), 1, atol=1e-4)
    assert keys.std(axis=(1, 2)).max() > 0.01


@pytest.mark.parametrize("backbone", BACKBONES)
def test_state_keeps_its_shapes(backbone):
    network = build_model(ModelConfig(backbone=backbone, key_channels=4), height=48, width=80)
    state = network.init(random_frame(0), square())
    _, after = network.step(random_frame(1), state)
    assert tuple(state) == tuple(after) == names(STATE, keys=True)
    assert {name: x.shape for name, x in state.items()} == {name: x.shape for name, x in after.items()}
    assert state["state_memory_key"].shape == (1, 2 * 12, 4)  # 3 rows of 3 columns, and 3 places more: 4 parts of 3


def in_parts(keys):
    """Place by place: every second column, dealt out in turn; the first places again until all parts are full."""
    places = [keys[y, x] for y in range(keys.shape[0]) for x in range(0, keys.shape[1], 2)]
    places += places[: -len(places) % PARTS]
    return np.array([place for part in range(PARTS) for place in places[part::PARTS]])


def test_every_fifth_frame_is_remembered_and_the_given_one_stays(model):
    state = model.init(random_frame(0), square())
    given = state["state_memory_key"].numpy()
    half = given.shape[1] // 2
    np.testing.assert_array_equal(given[:, :half], given[:, half:])
    for t in range(1, 2 * REMEMBER_EVERY):
        before, features = state, model.encode(random_frame(t))
        state = model.update(features, square(), state)
        keys, shares = state["state_memory_key"].numpy(), state["state_memory_mask"].numpy()
        np.testing.assert_array_equal(keys[:, :half], given[:, :half])
        if (t + 1) % REMEMBER_EVERY == 0:
            np.testing.assert_allclose(keys[0, half:], in_parts(features["feat_key"].numpy()[0]), atol=1e-6)
            assert shares[0, half, 0] == 1  # the square's corner
        else:
            np.testing.assert_array_equal(keys, before["state_memory_key"])


def test_a_frame_without_the_target_is_not_remembered(model):
    features = model.encode(random_frame(1))
    memory = remember_given(features["feat_key"], model.initial_mask_state(tf.constant(square())), EXACT)
    other = model.encode(random_frame(2))["feat_key"]
    for mask, taken in ((0 * square(), False), (0.4 * square(), False), (square(), True)):
        heatmap = model.initial_mask_state(tf.constant(mask, tf.float32))
        after = remember_recent(memory, other, heatmap, tf.ones(1), EXACT)
        same = np.array_equal(after["state_memory_key"], memory["state_memory_key"])
        assert same != taken
        kept = remember_recent(memory, other, heatmap, tf.zeros(1), EXACT)
        np.testing.assert_array_equal(kept["state_memory_key"], memory["state_memory_key"])


def test_the_memory_changes_the_logit(model):
    features = model.encode(random_frame(1))
    state = model.init(random_frame(0), square())
    other = state | {"state_memory_mask": 1 - state["state_memory_mask"]}
    assert np.abs(model.segment(features, state)[0] - model.segment(features, other)[0]).max() > 1e-3


def test_gradient_reaches_keys_and_sharpness(model):
    with tf.GradientTape() as tape:
        state = model.init_from_features(model.encode(random_frame(0), training=True), square(), training=True)
        logit, _ = model.segment(model.encode(random_frame(1), training=True), state, training=True)
        loss = tf.reduce_mean(logit**2)
    watched = [v for v in model.encoder.trainable_variables if v.name.startswith("key_")]
    watched += model.memory_reader.trainable_variables
    assert len(watched) == 4 + 1 + 1  # a kernel a tap, one bias, the sharpness
    assert all(np.abs(g).max() > 0 for g in tape.gradient(loss, watched))


def test_the_inference_form_computes_the_same(model):
    shared, state = inference_form(model), model.init(random_frame(0), square())
    got = shared.init(random_frame(0), square())
    for t in range(1, 8):
        probability, state = model.step(random_frame(t), state)
        got_probability, got = shared.step(random_frame(t), got)
        np.testing.assert_allclose(got_probability, probability, atol=1e-4)
    for name in ("state_memory_key", "state_memory_mask", "state_template"):
        np.testing.assert_allclose(got[name], state[name], atol=1e-4)


def test_a_memory_needs_short_term_matching():
    with pytest.raises(TTVOSError, match="key_channels: the memory joins the short-term matching"):
        ModelConfig(key_channels=4, short_term=False)
