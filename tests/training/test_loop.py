import csv
import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import ttvos_tf.training.profile
import ttvos_tf.training.records
import ttvos_tf.training.validation
from tests.data.trees import sliding, write_davis, write_saliency
from tests.training.batches import exact_batch
from tests.training.tiny import TINY, clip_batch
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.log import restart_csv
from ttvos_tf.training.loop import open_sources, train
from ttvos_tf.training.profile import REPEATS
from ttvos_tf.training.records import BEST, BOARD, CHECKPOINT, LOG, RELEASE, VALIDATION
from ttvos_tf.training.settings import DataSettings, ValidationSettings, load_settings
from ttvos_tf.training.trainer import Trainer
from ttvos_tf.weights import read_npz, variables, write_npz

SCRIPT = "training/train.py"
ROOT = Path(__file__).parents[2]


def with_train(**changes):
    return dataclasses.replace(TINY, train=dataclasses.replace(TINY.train, **changes))


def test_augmentation_reaches_every_source(tmp_path):
    write_davis(tmp_path, {"dog": sliding(4)})
    write_saliency(tmp_path)
    blocks = tuple(DataSettings(kind=kind) for kind in ("davis", "saliency", "synthetic"))
    settings = dataclasses.replace(with_train(paste_probability=0.25, flicker=0.5), data=blocks)
    expected = Augmentation(box_probability=0.5, damage_probability=0.5, paste_probability=0.25, flicker=0.5)
    assert [source.augmentation for source, _ in open_sources(settings, tmp_path).values()] == [expected] * 3


def test_loss_falls_on_a_fixed_clip():
    settings = with_train(steps=40, learning_rate=3e-3, freeze_batch_norm=False, train_backbone="all")
    trainer = Trainer(settings, Path("."))
    losses = [float(trainer.train_step(clip_batch()).total) for _ in range(40)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.3 * losses[0]


def test_only_the_last_block_trains():
    trainer = Trainer(TINY, Path("."))
    names = {v.name for v in trainer.trained}
    assert any(name.startswith("block_16_") for name in names) and any(name.startswith("lateral8") for name in names)
    assert not any(name.startswith(("Conv1", "block_1_", "block_13_")) for name in names)
    moving = ("lateral", "top16")  # batch norms of the project's own layers keep statistics
    untouched = [v for v in trainer.model.encoder.variables if v.name not in names and not v.name.startswith(moving)]
    frozen = {v.name: v.numpy() for v in untouched}
    before = {v.name: v.numpy() for v in trainer.trained}
    for _ in range(3):  # the first step's learning rate is zero
        trainer.train_step(clip_batch())
    for variable in trainer.model.encoder.variables:
        if variable.name in frozen:
            np.testing.assert_array_equal(variable, frozen[variable.name], err_msg=variable.name)
    for variable in trainer.trained:
        assert np.any(variable.numpy() != before[variable.name]), variable.name


def test_layers_are_frozen_by_name():
    settings = with_train(train_backbone="all", freeze_batch_norm=False, frozen=("block_1", "Conv1"))
    names = {v.name for v in Trainer(settings, Path(".")).trained}
    assert not any(name.startswith(("block_1_", "block_12_", "Conv1")) for name in names)
    assert any(name.startswith("block_2_") for name in names) and any(name.startswith("bn_Conv1") for name in names)


def test_a_layer_to_freeze_that_is_not_there_is_named():
    with pytest.raises(TTVOSError, match="no layer of the backbone has a name that begins with 'layer9'"):
        Trainer(with_train(frozen=("layer9",)), Path("."))


@pytest.mark.slow
def test_hrnets_gradients_reach_all_that_its_config_trains():
    config = load_settings(ROOT / "training/configs/hrnet_long.toml")
    settings = dataclasses.replace(
        TINY,
        model=dataclasses.replace(TINY.model, backbone="hrnet"),
        train=dataclasses.replace(
            config.train, height=64, width=96, steps=3, warmup=0, lengths=(3,), batch_size=2, bfloat16=False
        ),
    )
    trainer = Trainer(settings, Path("."))
    names = {v.name for v in trainer.trained}
    assert not any(name.startswith(config.train.frozen) for name in names)
    assert any(name.startswith("stage2") for name in names)
    before = {v.name: v.numpy() for v in trainer.trained}
    frames, masks = (array[:, :, :, :48].repeat(2, 2).repeat(2, 3) for array in clip_batch()[:2])
    trainer.train_step(exact_batch(frames, masks))
    for variable in trainer.trained:
        assert np.any(variable.numpy() != before[variable.name]), variable.name


def test_average_is_that_of_the_weights():
    trainer = Trainer(with_train(ema_decay=0.25, learning_rate=1e-2), Path("."))
    name = "decoder_up2/kernel"
    expected = trainer.average[name].numpy()
    for step in range(1, 4):
        trainer.train_step(clip_batch())
        keep = min(0.25, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * variables(trainer.model)[name].numpy()
        np.testing.assert_allclose(trainer.average[name], expected, atol=1e-6)


def test_highest_learning_rate_of_the_configs_stays_finite():
    configs = [load_settings(path) for path in (ROOT / "training/configs").rglob("*.toml")]
    highest = max(settings.train.learning_rate for settings in configs)
    settings = with_train(learning_rate=highest, steps=220, warmup=10, train_backbone="all", freeze_batch_norm=False)
    trainer = Trainer(settings, Path("."))
    for step in range(200):
        assert np.isfinite(trainer.train_step(clip_batch(step))).all(), step
    assert all(np.isfinite(value).all() for value in trainer.average.values())


def test_resume_is_exact(tmp_path, monkeypatch):
    settings = with_train(steps=8, lengths=(2, 3))  # killed after 3 steps; clips grow after 4
    train(settings, Path("."), tmp_path / "whole")

    def write_and_die(path, arrays):
        write_npz(path, arrays)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ttvos_tf.training.records, "write_npz", write_and_die)
        train(settings, Path("."), tmp_path / "halves")
    assert not (tmp_path / "halves" / RELEASE).exists()
    with pytest.raises(TTVOSError, match="holds an earlier run: continue it with --resume"):
        train(settings, Path("."), tmp_path / "halves")
    with pytest.raises(TTVOSError, match=r"train.seed was 0 and is 1 now: resume with what it was"):
        train(with_train(steps=8, lengths=(2, 3), seed=1), Path("."), tmp_path / "halves", resume=True)
    resumed = train(settings, Path("."), tmp_path / "halves", resume=True)
    assert resumed.step == 8
    for file in (CHECKPOINT, RELEASE):
        whole, halves = read_npz(tmp_path / "whole" / file), read_npz(tmp_path / "halves" / file)
        assert set(whole) == set(halves)
        for name, array in whole.items():
            np.testing.assert_array_equal(halves[name], array, err_msg=name)


def test_a_validation_that_was_killed_is_done_again(tmp_path, monkeypatch):
    write_davis(tmp_path, {"dog": sliding(4)}, split="val")
    settings = dataclasses.replace(with_train(checkpoint_every=2), validation=ValidationSettings(every=2))
    outcomes = iter([0.3, KeyboardInterrupt(), 0.2, 0.1])  # of the validation after 2, 4, again 4, and 6 steps
    validated = []

    def validate(weights, *_):
        validated.append(weights.read_bytes())
        outcome = next(outcomes)
        if isinstance(outcome, KeyboardInterrupt):
            raise outcome
        return outcome

    monkeypatch.setattr(ttvos_tf.training.validation, "validate", validate)
    with pytest.raises(KeyboardInterrupt):
        train(settings, tmp_path, tmp_path / "run")
    train(settings, tmp_path, tmp_path / "run", resume=True)
    rows = list(csv.DictReader((tmp_path / "run" / VALIDATION).open()))
    assert [(row["step"], float(row["J&F"])) for row in rows] == [("2", 0.3), ("4", 0.2), ("6", 0.1)]
    assert next(outcomes, None) is None
    assert (tmp_path / "run" / BEST).read_bytes() == validated[0] != validated[-1]


def test_what_a_resumed_run_writes_again_is_cut(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n20,0.5\n40,0.4\n60,0.3\n")
    restart_csv(path, ("step", "loss"), 40)
    assert path.read_text().split() == ["step,loss", "20,0.5", "40,0.4"]
    restart_csv(path, ("step", "loss"), 0)
    assert path.read_text().split() == ["step,loss"]


def test_resume_needs_a_checkpoint_of_this_network(tmp_path):
    with pytest.raises(TTVOSError, match="no such weights file"):
        train(TINY, Path("."), tmp_path, resume=True)
    trainer = Trainer(TINY, Path("."))
    write_npz(tmp_path / CHECKPOINT, trainer.checkpoint())
    other = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, short_term=False))
    with pytest.raises(TTVOSError, match="short_term is True, expected False"):
        train(other, Path("."), tmp_path, resume=True)
    trainer.export_weights(tmp_path / CHECKPOINT)
    with pytest.raises(TTVOSError, match=r"checkpoint\.npz"):
        train(TINY, Path("."), tmp_path, resume=True)


def test_loss_that_is_not_finite_stops_the_run(tmp_path):
    settings = with_train(learning_rate=1e30, clip_norm=1e30, steps=50, warmup=1, checkpoint_every=1)
    with pytest.raises(TTVOSError, match=r"no longer finite at step \d+: lower train.learning_rate"):
        train(settings, Path("."), tmp_path)  # the first step's learning rate is zero: it leaves a checkpoint
    assert all(np.isfinite(a).all() for n, a in read_npz(tmp_path / CHECKPOINT).items() if n.startswith("raw/"))
    assert not (tmp_path / RELEASE).exists()


@pytest.fixture
def config(tmp_path):
    """A run of moments, with clips that grow and videos to validate on."""
    write_davis(tmp_path / "davis", {"dog": sliding(4)}, split="val")
    path = tmp_path / "tiny.toml"
    path.write_text(
        "[model]\nmatching_channels = 8\n"
        "[train]\nheight = 32\nwidth = 64\nlengths = [2, 3]\nbatch_size = 1\nsteps = 1000\n"
        "[[data]]\nkind = 'synthetic'\n"
        "[validation]\npath = 'davis'\nheight = 32\nwidth = 64\n"
    )
    return path


def test_command_line_trains(script, config, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["--config", str(config), "--data", str(tmp_path), "--out", str(out)]
    assert script.main([*command, "--set", "train.steps=20", "validation.every=10"]) == 0
    assert "convert.py --weights" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {CHECKPOINT, RELEASE, BEST, LOG, VALIDATION, BOARD}
    rows = list(csv.DictReader((out / LOG).open()))
    assert [row["step"] for row in rows] == ["20"]
    rows = list(csv.DictReader((out / VALIDATION).open()))
    assert [row["step"] for row in rows] == ["10", "20"]
    best = max(rows, key=lambda row: float(row["J&F"]))
    assert 0 <= float(best["J&F"]) <= 1
    assert ((out / BEST).read_bytes() == (out / RELEASE).read_bytes()) == (best is rows[-1])


def test_profile_shows_where_the_time_goes(script, config, tmp_path, capsys, monkeypatch):
    """By a clock that only the timed parts move: 4, 10, 30 and 60 ms a call, the first of each ten times as long."""
    took = [(1 + 9 * (call == 0)) * each for each in (0.004, 0.010, 0.030, 0.060) for call in range(1 + REPEATS)]
    readings = iter(np.repeat(np.cumsum([0, *took]), 2)[1:-1])
    monkeypatch.setattr(ttvos_tf.training.profile, "time", SimpleNamespace(perf_counter=lambda: next(readings)))
    assert script.main(["--config", str(config), "--data", str(tmp_path), "--profile"]) == 0
    header, *parts, last = capsys.readouterr().out.splitlines()
    assert header == "1 clips of 3 frames, 32x64, last_block trained"
    assert [re.split(r" {2,}", part) for part in parts] == [
        ["input pipeline (beside the step)", "4 ms", "7%"],
        ["backbone, forward", "10 ms", "17%"],
        ["matching, decoder, update, loss, forward", "20 ms", "33%"],
        ["backward pass, optimiser, averaging", "30 ms", "50%"],
        ["step", "60 ms", "100%"],
    ]
    assert last == "50.0 frames a second"
    assert next(readings, None) is None


def test_weights_that_a_run_starts_from_are_not_overwritten(tmp_path):
    start = tmp_path / RELEASE
    start.write_text("weights")
    with pytest.raises(TTVOSError, match="is read as input"):
        train(dataclasses.replace(TINY, init=str(start)), Path("."), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [RELEASE] and start.read_text() == "weights"


def test_clips_grow_in_equal_parts():
    settings = dataclasses.replace(TINY.train, lengths=(2, 4, 5), steps=8)
    assert [settings.length_at(step) for step in range(8)] == [2, 2, 2, 4, 4, 4, 5, 5]
    assert [settings.end_of_length(step) for step in range(8)] == [3, 3, 3, 6, 6, 6, 8, 8]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", str(ROOT / "training/configs/hrnet_teach.toml")], "teacher_weights is for training/teach.py"),
        (["--config", "none.toml"], "none.toml: no such file"),
        (["--config", str(ROOT / "training/configs/mobilenet_v2.toml"), "--data", "nowhere"], "nowhere"),
        (["--resume", "--out", "no/such/run"], "no/such/run: no run to resume"),
    ],
)
def test_bad_input_is_one_line(script, arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert script.main(arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("train.py: error: ") and message in error
    assert not list(tmp_path.iterdir())
