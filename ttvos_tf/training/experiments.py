"""Experiments with one budget and several seeds: they run, and their scores are kept. No TensorFlow."""

import argparse
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.compare import Scores, read_scores
from ttvos_tf.evaluation.davis import Score
from ttvos_tf.evaluation.report import to_json
from ttvos_tf.inputs import read_json
from ttvos_tf.limits import check_whole
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.training.options import add_config_arguments
from ttvos_tf.training.settings import RunSettings, ValidationSettings, load_settings

Sets = dict[str, ValidationSettings]
"""What experiments are scored on, by the folder's name."""


def add_arguments(parser: argparse.ArgumentParser, config: Path, out: Path) -> None:
    """The options of a script that runs experiments, with its default config and folder."""
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings an experiment (default: 3)")
    parser.add_argument("--config", type=Path, default=config, help="what all have in common")
    add_config_arguments(parser)
    parser.add_argument(
        "--videos",
        default="data/videos",
        metavar="DIR",
        help="a DAVIS-2017 folder, relative to --data, whose split val is scored too (default: data/videos)",
    )
    parser.add_argument("--out", type=Path, default=out, help=f"a folder for each run (default: {out})")


def run_experiments(
    args: argparse.Namespace,
    overrides: Mapping[str, Sequence[str]],
    run: Callable[[str, RunSettings, Sets, Path], dict[str, Scores]],
) -> dict[str, dict[str, list[Scores]]]:
    """Trains and scores experiments with each seed.

    Args:
        args: with the options of `add_arguments`.
        overrides: experiment -> the config's values that make it, which come after those of --set.
        run: (experiment, its settings, what to score it on, the run's folder) -> its scores on each set.

    Returns:
        Experiment -> set -> scores, a seed each.

    Raises:
        TTVOSError: a bad option or config; or what `run` raises.
    """
    check_whole(args.seeds, 1, 100, "--seeds")
    runs = {  # read before the first training, which takes long
        (name, seed): load_settings(args.config, [*args.set, *values, f"train.seed={seed}"])
        for seed in range(args.seeds)
        for name, values in overrides.items()
    }
    sets = scored_sets(next(iter(runs.values())), args.videos)
    results: dict[str, dict[str, list[Scores]]] = {name: {each: [] for each in sets} for name in overrides}
    try:
        for (name, seed), settings in tqdm(runs.items(), unit="run", disable=None):
            for each, scores in run(name, settings, sets, args.out / name / str(seed)).items():
                results[name][each].append(scores)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on") from None
    return results


def scored_sets(settings: RunSettings, videos: str) -> Sets:
    """What experiments are scored on: the [validation] block, and the split val of `--videos`.

    Raises:
        TTVOSError: there is no such block.
    """
    if settings.validation is None:
        raise TTVOSError("no [validation] block in the config; it says what the experiments are scored on")
    blocks = settings.validation, dataclasses.replace(settings.validation, path=videos, split="val", year=2017)
    return {Path(block.path).name: block for block in blocks}


def kept_scores(path: Path, record: dict[str, Any], measure: Callable[[], dict[str, Score]]) -> Scores:
    """The scores in a file; if it is not there, they are measured and written, as by `ttvos evaluate --json`.

    Args:
        path: the file.
        record: the settings that they are of, as JSON has them.
        measure: `<sequence>_<id>` -> score.

    Raises:
        TTVOSError: the file is of other settings.
    """
    if path.exists():
        finished = read_json(path)
        if not isinstance(finished, dict) or finished.get("settings") != record:
            raise TTVOSError(f"{path}: of other settings; choose another --out, or delete it")
        return read_scores(path)
    report = to_json(measure(), fps=None)
    with atomic_file(path) as partial:
        partial.write_text(json.dumps({**report, "settings": record}) + "\n")
    return read_scores(path)
