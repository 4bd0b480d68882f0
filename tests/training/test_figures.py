import cv2
import numpy as np
import pytest

from tests.data.trees import SIZE, sliding, write_davis
from tests.training.tiny import clip_batch
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model
from ttvos_tf.media.images import read_image
from ttvos_tf.weights import save_weights

SCRIPT = "training/figures.py"


@pytest.fixture(scope="module")
def model():
    tf.random.set_seed(0)
    return build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)


@pytest.fixture(scope="module")
def state(model):
    batch = clip_batch()
    given = (batch.masks[:1, 0, ..., None] == 1).astype(np.float32)
    return model.init(batch.frames[:1, 0], given)


def by_cells(mask):
    """The means of 8x8 pixels of (H, W)."""
    height, width = mask.shape
    return mask.reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))


def test_similarity_maps_are_the_template_times_the_query(script, model, state):
    frame = clip_batch().frames[0, 1]
    head, known = model.segmentation_head, {**model.encode(frame[None]), **state}
    query = keras.Model(head.inputs, head.get_layer("attention_match").input[1])
    q = query([known[name] for name in head.input_names]).numpy()[0]
    expected = np.einsum("ck,hwk->hwc", state["state_template"].numpy()[0], q)
    np.testing.assert_allclose(script.similarity_maps(model, frame, state), expected, rtol=1e-4, atol=1e-5)


def test_the_channel_that_tells_the_target_comes_first_and_no_copy_of_it(script):
    rng = np.random.default_rng(0)
    maps, target = rng.normal(0, 1, (8, 16, 6)), np.zeros((8, 16))
    target[2:6, 2:9] = 1
    maps[..., 4] -= 9 * target
    maps[..., 1] = 3 * maps[..., 4] + 1
    maps[..., 2] = 7  # the same everywhere: alike to all
    chosen = script.telling_channels(maps, target)
    assert chosen[0] in (1, 4) and sorted(chosen[1:]) == [0, 3, 5]


def test_transitions_are_those_of_equation_4(script):
    rng = np.random.default_rng(1)
    truth = rng.random((3, 32, 64)) > 0.5
    estimate = rng.random((4, 8)).astype(np.float32)
    state_mask = np.stack([1 - estimate, estimate, estimate, estimate], axis=-1)[None]  # two past masks, newest first
    np.testing.assert_allclose(script.true_transition(truth, 2), by_cells(truth[2]) - by_cells(truth[1]), atol=1e-6)
    found = script.learned_transition(truth[2], state_mask)
    np.testing.assert_allclose(found, by_cells(truth[2]) - estimate, atol=1e-6)


def test_figure_4_shows_the_frame_that_puts_a_mistake_right(script, monkeypatch):
    """A block too much in frame 1 is gone in frame 2: H_t - H_hat_{t-1} takes it away, H_t - H_{t-1} keeps it."""
    truth = np.zeros((4, 32, 64), bool)
    truth[:, 8:24, 8:24] = True
    found = truth.copy()
    found[1, 8:24, 40:56] = True
    heatmaps = [np.stack([1 - by_cells(mask), by_cells(mask)], axis=-1)[None] for mask in found]
    seen = [script.Tracked({"state_mask": heatmaps[t - 1]}, found[t].astype(np.float32)) for t in (1, 2, 3)]
    monkeypatch.setattr(script, "track", lambda *_: seen)
    frames = np.full((4, 32, 64, 3), 100, np.uint8)
    picture = script.figure_4([None], script.Video(frames, truth))
    assert picture.shape == (20 + 2 * 16, 5 * 32, 3)
    upper, lower = picture[20:36], picture[36:]
    block = (slice(4, 12), slice(20, 28))  # in a picture of half the size
    kept, removed = upper[:, 128:][block], lower[:, 128:][block]
    assert (kept == 255).all()  # white: nothing changes
    assert (removed[..., 2] == 255).all() and (removed[..., :2] == 0).all()  # blue: it has to go
    wrong = upper[:, 96:128][block].astype(int)
    assert (wrong[..., 2] > wrong[..., 0] + 50).all()
    assert (lower[:, 96:128][block] == 100).all()  # put right


def test_without_long_term_matching_the_template_says_nothing(script, state):
    tf.random.set_seed(0)
    model = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)
    features = model.encode(clip_batch().frames[:1, 1])
    other = state | {"state_template": tf.reverse(state["state_template"], axis=[-1])}

    def difference():
        return float(np.abs(model.segment(features, state)[0] - model.segment(features, other)[0]).max())

    assert difference() > 1e-4
    script.remove_long_term(model)
    assert difference() == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory, model):
    """A folder with a sequence of DAVIS and weights, those of an ablation too."""
    root = tmp_path_factory.mktemp("figures")
    write_davis(root / "DAVIS", {"slide": sliding(6)}, split="trainval")
    for path in (root / "weights.npz", *(root / f"runs/{number}/0/weights.npz" for number in (1, 2, 6))):
        path.parent.mkdir(parents=True, exist_ok=True)
        save_weights(path, model)
    return root


@pytest.mark.parametrize(("figure", "columns", "rows"), [(3, 5, 3), (4, 5, 2), (5, 3, 3), (6, 4, 3)])
def test_the_commands_draw(figure, columns, rows, script, place, tmp_path):
    out = tmp_path / "figure.png"
    given = [str(figure), "--out", str(out), "--weights", str(place / "weights.npz"), "--runs", str(place / "runs")]
    given += ["--davis", str(place / "DAVIS"), "--sequence", "slide", "--size", "96x160"]
    assert script.main(given) == 0
    picture = read_image(out)
    assert picture.shape == (20 + rows * SIZE[0] // 2, columns * SIZE[1] // 2, 3)
    if figure in (5, 6):  # the first column: the first frame but one, and its truth in red
        frame = picture[20 : 20 + SIZE[0] // 2, : SIZE[1] // 2].astype(int)
        truth = cv2.resize(sliding()[1], SIZE[::-1]) > 0
        assert (frame[..., 0] > frame[..., 2])[truth[::2, ::2]].mean() > 0.95


def test_the_network_is_drawn(script, place, tmp_path):
    assert script.main(["2", "--out", str(tmp_path / "network.webp"), "--weights", str(place / "weights.npz")]) == 0
    assert read_image(tmp_path / "network.webp").shape[1] > 1000


def test_what_is_missing_is_one_line(script, place, tmp_path, capsys):
    assert script.main(["6", "--runs", str(tmp_path)]) == 2
    assert "1/0/weights.npz: no such weights: python training/ablation.py" in capsys.readouterr().err
    assert script.main(["3", "--out", "picture.gif"]) == 2
    assert "--out picture.gif: must end in" in capsys.readouterr().err
    assert script.main(["3", "--davis", str(place / "DAVIS")]) == 2
    assert "--davis and --sequence" in capsys.readouterr().err
    assert script.main(["3", "--davis", str(place / "DAVIS"), "--sequence", "dog"]) == 2
    assert "--sequence dog" in capsys.readouterr().err
