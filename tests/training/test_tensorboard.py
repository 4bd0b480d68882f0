import numpy as np

from tests.training.batches import exact_batch
from ttvos_tf.compat import tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model
from ttvos_tf.training.clip_loss import ClipLoss
from ttvos_tf.training.pictures import signed
from ttvos_tf.training.tensorboard import Board, draw_clip


def test_clip_is_drawn_and_written(tmp_path):
    model = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=32, width=64)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (1, 3, 32, 64, 3), dtype=np.uint8)
    masks = np.zeros((1, 3, 32, 64), np.uint8)
    masks[0, 1, 8:24, 16:32] = 1
    masks[0, 2] = 255
    picture = draw_clip(model, exact_batch(frames, masks)._replace(first_masks=masks[:, 1]))
    assert picture.shape == (5 * 16, 2 * 32, 3) and picture.dtype == np.uint8
    assert (picture[:16, 32:] == 128).all()  # nothing is known of the last frame
    inside, outside = picture[5:11, 9:15].astype(int), picture[:16, 20:32].astype(int)
    assert (inside[..., 0] - inside[..., 1]).mean() > (outside[..., 0] - outside[..., 1]).mean() + 60  # tinted red

    board = Board(tmp_path)
    board.losses(
        1, {name: tf.constant(value) for name, value in zip(ClipLoss._fields, (1.0, 0.5, 0.2, 0.1), strict=True)}
    )
    board.score(1, 0.5)
    board.clip(1, picture)
    (events,) = tmp_path.iterdir()
    content = events.read_bytes()
    for tag in (b"loss/transition", b"validation/J&F", b"clip"):
        assert tag in content


def test_transitions_are_red_where_the_target_comes():
    np.testing.assert_array_equal(signed(np.array([[1.0, 0.0, -1.0]])), [[[255, 0, 0], [255, 255, 255], [0, 0, 255]]])
