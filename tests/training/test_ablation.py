import dataclasses
import json
from pathlib import Path

from ttvos_tf.training.settings import load_settings

SCRIPT = "training/ablation.py"
ROOT = Path(__file__).parents[2]


def test_experiments_are_those_of_table_3(script):
    paper = {1: "S---M", 2: "-LU-M", 3: "SLU-M", 4: "SLUT-", 5: "SL-TM", 6: "SLUTM"}
    for number, row in paper.items():
        settings = load_settings(ROOT / "training/configs/ablation.toml", script.TABLE_3[number].overrides())
        model, train = settings.model, settings.train
        switches = (model.short_term, model.long_term, model.update_template, train.temporal_consistency_loss)
        found = "".join(letter if on else "-" for letter, on in zip("SLUT", switches, strict=True))
        assert found + ("-" if train.box_probability else "M") == row, number
        assert train.box_probability in (0, 1)


def test_finished_experiments_are_read_and_tabled(script, tmp_path, capsys):
    config = ROOT / "training/configs/ablation.toml"
    for number, experiment in script.TABLE_3.items():
        (tmp_path / str(number)).mkdir()
        settings = dataclasses.asdict(load_settings(config, experiment.overrides()))
        result = {"J&F-Mean": (50 + number) / 100, "settings": settings}
        (tmp_path / str(number) / "result.json").write_text(json.dumps(result))
    assert script.main(["--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| Exp | SM | LM | LUP | TC | M | J&F |"
    assert lines[3] == "| 2 |  | x | x |  | x | 52.0 |"
    assert len(lines) == 8
    assert script.main(["--out", str(tmp_path), "--set", "train.seed=7"]) == 2
    assert "1/result.json: of other settings" in capsys.readouterr().err


def test_missing_data_is_one_line(script, tmp_path, capsys):
    assert script.main(["--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "nowhere" in capsys.readouterr().err
