import argparse
import json
from pathlib import Path

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import Score, Statistics
from ttvos_tf.training.experiments import add_arguments, kept_scores, run_experiments, scored_sets
from ttvos_tf.training.settings import DataSettings, RunSettings, ValidationSettings

CONFIG = Path(__file__).parents[2] / "training/configs/ablation.toml"


def test_every_experiment_runs_with_every_seed(tmp_path):
    """What makes an experiment comes after --set: else a row would not be what its title says."""
    parser, ran = argparse.ArgumentParser(), {}
    add_arguments(parser, CONFIG, tmp_path)
    args = parser.parse_args(["--seeds", "2", "--set", "model.long_term=true", "train.steps=7"])

    def run(name, settings, sets, out):
        ran[out] = name, settings.model.long_term, settings.train.steps, settings.train.seed
        return {each: {"dog_1": settings.train.seed} for each in sets}

    results = run_experiments(args, {"whole": [], "part": ["model.long_term=false"]}, run)
    assert ran == {
        tmp_path / name / str(seed): (name, name == "whole", 7, seed) for seed in (0, 1) for name in ("whole", "part")
    }
    assert results["part"] == {"davis2016_train": [{"dog_1": 0}, {"dog_1": 1}], "videos": [{"dog_1": 0}, {"dog_1": 1}]}

    def stopped(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        run_experiments(args, {"whole": []}, stopped)
    args.seeds = 0
    with pytest.raises(TTVOSError, match="--seeds"):
        run_experiments(args, {"whole": []}, run)


def test_scores_are_measured_once(tmp_path):
    path, asked = tmp_path / "six.json", []

    def measure():
        asked.append(1)
        return {"dog_1": Score(Statistics(0.5, 1, 0), Statistics(0.7, 1, 0))}

    for _ in range(2):
        assert kept_scores(path, {"steps": 3}, measure) == {"dog_1": pytest.approx(0.6)}
    assert asked == [1]
    assert json.loads(path.read_text())["global"]["J-Mean"] == 0.5
    with pytest.raises(TTVOSError, match=r"six\.json: of other settings"):
        kept_scores(path, {"steps": 4}, measure)


def test_sets_are_the_validation_s_and_the_videos():
    validation = ValidationSettings(path="data/davis2016", height=32, width=64)
    sets = scored_sets(RunSettings(data=(DataSettings(),), validation=validation), "data/videos")
    assert [*sets] == ["davis2016", "videos"] and sets["davis2016"] == validation
    videos = sets["videos"]
    assert (videos.path, videos.year, videos.split, videos.height) == (str(Path("data/videos")), 2017, "val", 32)
    with pytest.raises(TTVOSError, match="no \\[validation\\] block"):
        scored_sets(RunSettings(data=(DataSettings(),)), "data/videos")
