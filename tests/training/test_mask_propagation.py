import json

import numpy as np
import pytest

from tests.training.tiny import clip_batch
from tests.training.tiny_data import OVERRIDES, write_data
from ttvos_tf.compat import keras, tf
from ttvos_tf.network.heatmap import pool_mask
from ttvos_tf.weights import write_npz

SCRIPT = "training/mask_propagation.py"


@pytest.fixture(scope="module")
def model(script):
    tf.random.set_seed(0)
    return script.build(32, 64, weights=None)


def test_lambda_weighs_the_consistency_loss_of_its_own_masks(script, model):
    batch = clip_batch()
    losses = [float(script.clip_loss(model, batch.frames, batch.masks, weight)) for weight in (0.0, 3.0)]
    target = (batch.masks == 1).astype(np.float32)[..., None]
    previous, terms = target[:, 0], []
    for t in (1, 2):
        logit, pi_hat = script.propagate(model, batch.frames[:, t], previous)
        heatmaps = [mask.reshape(2, 4, 8, 8, 8).mean(axis=(2, 4)) for mask in (target[:, t, ..., 0], previous[..., 0])]
        wanted = heatmaps[0] - heatmaps[1]  # of the foreground; the background's is its negative
        terms.append(np.mean(np.square(pi_hat - np.stack([-wanted, wanted], axis=-1))))
        previous = 1 / (1 + np.exp(-2 * logit.numpy()))
    assert losses[1] - losses[0] == pytest.approx(3 * np.mean(terms), rel=1e-3)
    assert pool_mask(target[:, 0]).shape == (2, 4, 8, 2)


def test_the_loss_reaches_the_encoder(script, model):
    batch = clip_batch()
    with tf.GradientTape() as tape:
        loss = script.clip_loss(model, batch.frames, batch.masks, 5.0)
    variables = model.trainable_variables
    reached = {v.name for v, each in zip(variables, tape.gradient(loss, variables), strict=True) if each is not None}
    assert any(name.startswith("Conv1/") for name in reached) and any(
        name.startswith("transition/") for name in reached
    )


def test_published_weights_see_the_frame_and_not_yet_the_mask(script, tmp_path):
    base = keras.applications.MobileNetV2(input_shape=(32, 64, 3), include_top=False, weights=None)
    rng = np.random.default_rng(0)
    arrays = {}
    for layer in base.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)) and layer.name != "Conv_1":
            kernel = layer.get_weights()[0]
            arrays[f"{layer.name}/kernel"] = kernel
            channels = kernel.shape[2 if isinstance(layer, keras.layers.DepthwiseConv2D) else 3]
            arrays[f"{layer.name}/bias"] = rng.normal(size=channels).astype(np.float32)
    write_npz(tmp_path / "folded.npz", arrays)
    encoder = script.build(32, 64, weights=str(tmp_path / "folded.npz")).get_layer("encoder")
    frame = rng.uniform(-1, 1, (1, 32, 64, 3)).astype(np.float32)
    masks = [np.full((1, 32, 64, 1), value, np.float32) for value in (-1, 1)]
    seen = [encoder(np.concatenate([frame, mask], axis=-1)) for mask in masks]
    for without, with_mask in zip(*seen, strict=True):
        np.testing.assert_array_equal(without, with_mask)
    np.testing.assert_array_equal(encoder.get_layer("Conv1").kernel[:, :, :3], arrays["Conv1/kernel"])
    np.testing.assert_array_equal(encoder.get_layer("block_5_project_BN").beta, arrays["block_5_project/bias"])


@pytest.mark.slow
def test_both_networks_train_and_are_scored(script, tmp_path, capsys):
    data = write_data(tmp_path)
    given = ["--seeds", "1", "--data", str(data), "--out", str(tmp_path / "runs"), "--set", *OVERRIDES]
    assert script.main(given) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert [line.split(" | ")[:2] for line in lines[2:4]] == [
        ["| without", script.TITLES["without"]],
        ["| with", script.TITLES["with"]],
    ]
    scores = json.loads((tmp_path / "runs/with/0/videos.json").read_text())
    assert [*scores["sequences"]] == ["two_1", "two_2"]
    assert scores["settings"]["train"]["temporal_consistency_loss"] is True
    assert script.main(given) == 0  # read, not trained again
    assert capsys.readouterr().out == printed
