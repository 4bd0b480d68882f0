"""One optimiser step, against the arithmetic of Adam in NumPy on the gradient of the clip's loss."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.training.batches import exact_batch
from tests.training.tiny import TINY, clip_batch
from ttvos_tf.compat import tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.clip_loss import clip_loss
from ttvos_tf.training.trainer import Trainer, loss_weights
from ttvos_tf.weights import write_npz

STEPS, RATE, CLIP = 4, 1e-3, 0.5


def trainer_of(**changes):
    changes = {"warmup": 0, "steps": STEPS, "learning_rate": RATE, "clip_norm": CLIP, **changes}
    return Trainer(dataclasses.replace(TINY, train=dataclasses.replace(TINY.train, **changes)), Path("."))


def gradient(trainer, batch):
    """float64, of each trained variable, and the loss."""
    weights = loss_weights(trainer.settings.train)
    with tf.GradientTape() as tape:
        tensors = batch._make(tf.constant(array) for array in batch)
        loss = clip_loss(trainer.model, tensors, weights, trainer.settings.train.known_frames)
    return loss, [np.asarray(each, np.float64) for each in tape.gradient(loss.total, trainer.trained)]


def test_steps_are_adams():
    """The first one moves nothing: the rate grows from zero to its height in a step here, then falls along a cosine."""
    trainer = trainer_of(warmup=1)
    first = [np.zeros(v.shape) for v in trainer.trained]
    second = [np.zeros(v.shape) for v in trainer.trained]
    for step in range(1, 4):
        batch = clip_batch(step)
        before = [v.numpy().astype(np.float64) for v in trainer.trained]
        loss, gradients = gradient(trainer, batch)
        norm = np.sqrt(sum(np.sum(each**2) for each in gradients))
        assert norm > CLIP  # so that the clipping is seen
        gradients = [each * CLIP / norm for each in gradients]
        given = trainer.train_step(batch)
        np.testing.assert_allclose(given.total, loss.total, rtol=1e-4)
        assert trainer.step == step
        rate = RATE * (1 + np.cos(np.pi * (step - 2) / (STEPS - 1))) / 2 if step > 1 else 0.0
        for index, g in enumerate(gradients):
            first[index] = 0.9 * first[index] + 0.1 * g
            second[index] = 0.999 * second[index] + 0.001 * g**2
            # As Kingma and Ba's efficient form has it: the small term is not corrected for the start.
            rate_now = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            change = rate_now * first[index] / (np.sqrt(second[index]) + 1e-7)
            clear = np.abs(g) > 1e-2 * np.abs(g).max()  # elsewhere a rounding error decides the sign
            got = trainer.trained[index].numpy() - before[index]
            np.testing.assert_allclose(
                got[clear], -change[clear], rtol=0.05, atol=0.02 * rate, err_msg=trainer.trained[index].name
            )


def test_the_loss_sees_both_masks_that_are_given():
    batch = clip_batch()
    empty = np.zeros_like(batch.first_masks)
    given = (batch, batch._replace(first_masks=empty), batch._replace(previous_masks=empty))
    losses = {float(trainer_of().train_step(each).total) for each in given}
    assert len(losses) == 3


def test_a_restored_trainer_goes_on_as_if_nothing_had_happened(tmp_path):
    whole, other = trainer_of(), trainer_of()
    for step in range(2):
        whole.train_step(clip_batch(step))
    write_npz(tmp_path / "checkpoint.npz", whole.checkpoint())
    other.restore(tmp_path / "checkpoint.npz")
    assert other.step == 2
    for trainer in (whole, other):
        trainer.train_step(clip_batch(2))
    ours, theirs = whole.checkpoint(), other.checkpoint()
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"train", "config"}:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)


def test_released_weights_are_no_checkpoint(tmp_path):
    trainer = trainer_of()
    trainer.export_weights(tmp_path / "weights.npz")
    with pytest.raises(TTVOSError, match=r"weights\.npz"):
        trainer.restore(tmp_path / "weights.npz")


def test_sizes_train_the_same_weights():
    """A step on large frames is that of a run of large frames alone."""
    both, large = trainer_of(further_sizes=("48x80",)), trainer_of(height=48, width=80)
    for mine, other in zip(both.trained, large.trained, strict=True):
        other.assign(mine)
    frames, masks = np.zeros((2, 3, 48, 80, 3), np.uint8), np.zeros((2, 3, 48, 80), np.uint8)
    frames[:, :, 8:24, 10:30], masks[:, :, 8:24, 10:30] = 200, 1
    losses = [trainer.train_step(exact_batch(frames, masks)) for trainer in (both, large)]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    both.train_step(clip_batch())
    assert both.step == 2 and both.draw(exact_batch(frames, masks)) is not None
