import json
from pathlib import Path

import pytest

from tests.training.tiny_data import OVERRIDES, write_data
from ttvos_tf.training.settings import as_json, load_settings

SCRIPT = "training/ablation.py"
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "training/configs/ablation.toml"


def test_experiments_are_those_of_table_3(script):
    paper = {"1": "S---M", "2": "-LU-M", "3": "SLU-M", "4": "SLUT-", "5": "SL-TM", "6": "SLUTM"}
    assert script.TABLES["3"].rows == tuple(paper)
    for number, row in paper.items():
        experiment = script.EXPERIMENTS[number]
        settings = load_settings(CONFIG, experiment.overrides)
        model, train = settings.model, settings.train
        switches = (model.short_term, model.long_term, model.update_template, train.temporal_consistency_loss)
        found = "".join(letter if on else "-" for letter, on in zip("SLUT", switches, strict=True))
        assert found + ("-" if train.box_probability else "M") == row, number
        assert train.box_probability in (0, 1)
        assert experiment.init == ("box-as-mask" if train.box_probability else "mask")


def test_a_claim_compares_rows_that_differ_in_one_thing(script):
    """But for what is claimed, `later` of all three, and the template's update, which goes with long-term matching."""
    for table in script.TABLES.values():
        for claim, pair in table.claims.items():
            assert set(pair) <= set(table.rows)
            ours, theirs = (load_settings(CONFIG, script.EXPERIMENTS[name].overrides) for name in pair)
            different = [
                key
                for part in ("model", "train")
                for key, value in vars(getattr(ours, part)).items()
                if value != getattr(getattr(theirs, part), key)
            ]
            most = {"all three": 3, "long-term matching": 2}.get(claim, 1)
            # Of the loss's sweep, lambda 0 is experiment 3, without the loss: its lambda and head say nothing.
            off = {"temporal_consistency_loss"} & {*different}
            different = [*off] if off else different
            assert 1 <= len(different) <= most, (claim, different)


def test_the_sweep_has_each_lambda_and_both_heads(script):
    found = set()
    for name in script.TABLES["loss"].rows:
        settings = load_settings(CONFIG, script.EXPERIMENTS[name].overrides)
        train = settings.train
        found.add((train.transition_weight * train.temporal_consistency_loss, settings.model.transition_reads))
    assert found == {(0.0, "similarity")} | {
        (weight, reads) for weight in (0.5, 1.0, 5.0) for reads in ("similarity", "decoder")
    }


def test_finished_runs_are_read_and_tabled(script, tmp_path, capsys):
    for number in script.TABLES["3"].rows:
        for seed in range(2):
            overrides = [*script.EXPERIMENTS[number].overrides, f"train.seed={seed}"]
            settings = as_json(load_settings(CONFIG, overrides)) | {"scored from": script.EXPERIMENTS[number].init}
            folder = tmp_path / number / str(seed)
            folder.mkdir(parents=True)
            for name, gain in (("davis2016_train", 0.0), ("videos", 0.1)):
                score = 0.5 + int(number) / 100 + gain + seed / 100
                rows = {f"{sequence}_1": {"J-Mean": score, "F-Mean": score} for sequence in ("a", "b")}
                (folder / f"{name}.json").write_text(json.dumps({"sequences": rows, "settings": settings}))
    given = ["--seeds", "2", "--out", str(tmp_path)]
    assert script.main(given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| | what | davis2016_train | videos |"
    assert lines[3] == "| 2 | LM, Lup, M | 52.5 (52.0 to 53.0) | 62.5 (62.0 to 63.0) |"
    assert "| consistency loss | 6 - 3 | videos | +3.0 | +3.0 to +3.0 | +3.0, +3.0 | better |" in lines
    assert script.main([*given, "--set", "train.steps=7"]) == 2
    assert "1/0/davis2016_train.json: of other settings" in capsys.readouterr().err


def test_missing_data_is_one_line(script, tmp_path, capsys):
    assert script.main(["--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("table", ["3", "loss", "later"])
def test_every_experiment_trains_and_is_scored(table, script, tmp_path, capsys):
    data = write_data(tmp_path)
    given = ["--table", table, "--seeds", "1", "--data", str(data), "--out", str(tmp_path / "runs")]
    assert script.main([*given, "--set", *OVERRIDES]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = script.TABLES[table].rows
    assert [line.split(" | ")[0] for line in lines[2 : 2 + len(rows)]] == [f"| {name}" for name in rows]
    for name in rows:
        found = sorted(path.name for path in (tmp_path / "runs" / name / "0").glob("*.json"))
        assert found == ["davis2016_train.json", "videos.json"]
