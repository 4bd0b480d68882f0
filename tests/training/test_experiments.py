import json
from pathlib import Path

import pytest

from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.davis import Score, Statistics
from ttvos_tf.training.experiments import kept_scores, scored_sets
from ttvos_tf.training.settings import DataSettings, RunSettings, ValidationSettings


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
