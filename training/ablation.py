"""Trains and scores the experiments of the paper's Table 3, all with one config and budget, and prints the table.

    python training/ablation.py --data DATA --out runs/ablation

Experiments 3 and 6 differ by the temporal consistency loss alone. Finished experiments are kept, an interrupted one is
continued, so the command may be repeated.
"""

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.training.folder import CHECKPOINT, RELEASE
from ttvos_tf.training.settings import as_json, load_settings

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Experiment:
    """A row of Table 3, columns as in the paper.

    Attributes:
        sm, lm: short-term and long-term matching.
        lup: the template is updated at every frame.
        tc: temporal consistency loss.
        m: the exact first mask is given, in training and at inference; else its bounding box.
    """

    sm: bool = True
    lm: bool = True
    lup: bool = True
    tc: bool = True
    m: bool = True

    def overrides(self) -> list[str]:
        """The config's values that make it."""
        values = {
            "model.short_term": self.sm,
            "model.long_term": self.lm,
            "model.update_template": self.lup,
            "train.temporal_consistency_loss": self.tc,
        }
        booleans = [f"{name}={str(value).lower()}" for name, value in values.items()]
        return [*booleans, f"train.box_probability={0.0 if self.m else 1.0}"]


TABLE_3 = {
    1: Experiment(lm=False, lup=False, tc=False),
    2: Experiment(sm=False, tc=False),
    3: Experiment(tc=False),
    4: Experiment(m=False),
    5: Experiment(lup=False),
    6: Experiment(),
}


@run_script("ablation.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "configs/ablation.toml", help="what all have in common")
    parser.add_argument("--data", type=Path, default=Path("."), help="folder that the config's paths are relative to")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"), help="a folder for each experiment's run")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="values instead of the config's"
    )
    args = parser.parse_args(argv)
    try:
        scores = {
            number: run(experiment, args.config, args.set, args.data, args.out / str(number))
            for number, experiment in TABLE_3.items()
        }
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on") from None
    print(table(scores))


def run(experiment: Experiment, config: Path, overrides: list[str], data: Path, out: Path) -> float:
    """Trains one experiment and scores its final weights; J&F-Mean, 0 to 1."""
    result = out / "result.json"
    settings = load_settings(config, [*experiment.overrides(), *overrides])
    record = as_json(settings)
    if result.exists():
        finished = read_json(result)
        if not isinstance(finished, dict) or type(finished.get("J&F-Mean")) is not float:
            raise TTVOSError(f"{result}: holds no score; delete it, and the experiment is scored again")
        if finished.get("settings") != record:
            raise TTVOSError(f"{result}: of other settings; choose another --out, or delete it")
        return finished["J&F-Mean"]
    if settings.validation is None:
        raise TTVOSError(f"{config}: no [validation] block; it says what the experiments are scored on")
    from ttvos_tf.training.loop import train
    from ttvos_tf.training.validation import validate

    train(dataclasses.replace(settings, validation=None), data, out, resume=(out / CHECKPOINT).exists())
    score = validate(out / RELEASE, settings.validation, data, init="mask" if experiment.m else "box")
    with atomic_file(result) as path:
        path.write_text(json.dumps({"J&F-Mean": score, "settings": record}) + "\n")
    return score


def table(scores: dict[int, float]) -> str:
    """The experiments' J&F in percent, as a Markdown table."""
    columns = [field.name for field in dataclasses.fields(Experiment)]
    lines = ["| Exp | " + " | ".join(name.upper() for name in columns) + " | J&F |", "| --- " * 7 + "|"]
    for number, score in scores.items():
        marks = ["x" if getattr(TABLE_3[number], name) else "" for name in columns]
        lines.append(f"| {number} | " + " | ".join(marks) + f" | {100 * score:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
