"""J&F of weights on held-out videos, measured on what will be shipped: the converted network in the TFLite runtime."""

import tempfile
from pathlib import Path

import numpy as np

from ttvos_tf.contract import file_name, model_name
from ttvos_tf.data.davis import sequences
from ttvos_tf.evaluation.davis import Score, mean_score
from ttvos_tf.evaluation.score import score_folder
from ttvos_tf.evaluation.track import track_folder
from ttvos_tf.export.convert import convert
from ttvos_tf.factory import load_model
from ttvos_tf.runtime import Tracker
from ttvos_tf.training.log import append_row, restart_csv
from ttvos_tf.training.settings import ValidationSettings


def score_weights(weights: Path, settings: ValidationSettings, data_root: Path, init: str = "mask") -> dict[str, Score]:
    """Converts weights to a float32 or int8 `.tflite` file, tracks a split's sequences with it, and scores them.

    Args:
        weights: a weights file or checkpoint.
        settings: what to track, at what size.
        data_root: what the settings' path is relative to.
        init: what is given of each object in the first frame, one of track.INITS.

    Returns:
        `<sequence>_<id>` -> score.

    Raises:
        TTVOSError: bad weights or data.
    """
    videos = sequences(data_root / settings.path, settings.split, str(settings.year))
    model = load_model(weights, height=settings.height, width=settings.width)
    with tempfile.TemporaryDirectory() as folder:
        precision = "int8" if model.config.quantized else "float32"
        file = Path(folder) / file_name(model_name(model.config.backbone, model.size, precision))
        file.write_bytes(convert(model, precision))
        track_folder(Tracker(str(file), num_threads=2), videos, str(settings.year), init, Path(folder) / "masks")
        return score_folder(videos, Path(folder) / "masks", str(settings.year))


def validate(weights: Path, settings: ValidationSettings, data_root: Path) -> float:
    """J&F-Mean of weights, 0 to 1; see `score_weights`."""
    scores = score_weights(weights, settings, data_root)
    return mean_score(scores.values()).measures()["J&F-Mean"]


class Validation:
    """Measures weights along a run; `validation.csv` (step, J&F) is its memory.

    Args:
        settings: when and on what.
        data_root: what the settings' path is relative to.
        path: the CSV file.
        start: the step that the run goes on from; 0 for a new one.
    """

    def __init__(self, settings: ValidationSettings, data_root: Path, path: Path, start: int):
        self.settings, self.data_root, self.path = settings, data_root, path
        sequences(data_root / settings.path, settings.split, str(settings.year))  # fails now rather than hours later
        self._best = max((score for _, score in restart_csv(path, ("step", "J&F"), start)), default=-np.inf)

    def __call__(self, step: int, weights: Path) -> tuple[float, bool]:
        """Measures a file of weights: J&F-Mean, and whether it is the best so far."""
        score = round(validate(weights, self.settings, self.data_root), 5)  # as a resumed run will read it
        append_row(self.path, [step, f"{score:.5f}"])
        is_best, self._best = score > self._best, max(score, self._best)
        return score, is_best
