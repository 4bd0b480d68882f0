"""Trains and scores the experiments of a table, with one config and budget and several seeds, and prints the table.

    python training/ablation.py --data DATA                     # the paper's Table 3
    python training/ablation.py --data DATA --table loss        # lambda, and what the loss's head reads
    python training/ablation.py --data DATA --table later       # the authors' later code

Below the table: what each thing is worth, with an interval (ttvos_tf/evaluation/seeds.py). Experiments are scored on
the sequences of the config's [validation] block and on those of --videos. Tables share experiments. Finished runs are
kept, an interrupted one is continued, so the command may be repeated.
"""

import dataclasses
import functools
import sys
from dataclasses import dataclass
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.evaluation.compare import Scores
from ttvos_tf.evaluation.davis import Score
from ttvos_tf.evaluation.seeds import claims, table
from ttvos_tf.training.experiments import Sets, add_arguments, kept_scores, run_experiments
from ttvos_tf.training.folder import CHECKPOINT, RELEASE
from ttvos_tf.training.settings import RunSettings, ValidationSettings, as_json

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Experiment:
    """A row of a table.

    Attributes:
        title: what it is.
        overrides: the config's values that make it.
        init: what is given of each object when it is scored, one of evaluation.track.INITS.
    """

    title: str
    overrides: tuple[str, ...]
    init: str = "mask"


@dataclass(frozen=True)
class Table:
    """Rows, and what their differences are to tell.

    Attributes:
        rows: names of experiments.
        claims: what is claimed to be worth something -> (experiment with it, experiment without it).
    """

    rows: tuple[str, ...]
    claims: dict[str, tuple[str, str]]


def table_3(parts: str) -> Experiment:
    """A row of Table 3, given its columns SM, LM, Lup, TC and M, those that are on."""
    on = parts.split()
    return Experiment(
        ", ".join(on),
        (
            f"model.short_term={_text('SM' in on)}",
            f"model.long_term={_text('LM' in on)}",
            f"model.update_template={_text('Lup' in on)}",
            f"train.temporal_consistency_loss={_text('TC' in on)}",
            f"train.box_probability={0.0 if 'M' in on else 1.0}",  # in training and at inference
        ),
        init="mask" if "M" in on else "box-as-mask",
    )


def _text(value: bool) -> str:
    return str(value).lower()


def loss(weight: float, reads: str) -> Experiment:
    """Experiment 6 with another lambda, or with a transition head that reads other features."""
    overrides = f"train.transition_weight={weight}", f'model.transition_reads="{reads}"'
    return Experiment(f"lambda {weight:g}, the head reads the {reads} features", overrides)


EXPERIMENTS = {
    "1": table_3("SM M"),
    "2": table_3("LM Lup M"),
    "3": table_3("SM LM Lup M"),
    "4": table_3("SM LM Lup TC"),
    "5": table_3("SM LM TC M"),
    "6": table_3("SM LM Lup TC M"),
    **{f"similarity_{weight:g}": loss(weight, "similarity") for weight in (0.5, 1.0)},
    **{f"decoder_{weight:g}": loss(weight, "decoder") for weight in (0.5, 1.0, 5.0)},
    "past_masks": Experiment("6 with three past masks", ("model.past_masks=3",)),
    "coordinates": Experiment("6 with coordinates", ("model.coordinates=true",)),
    "gate": Experiment("6 with a learned gate", ("model.update_gate=true",)),
    "later": Experiment("6 with all three", ("model.past_masks=3", "model.coordinates=true", "model.update_gate=true")),
}
TABLES = {
    "3": Table(
        ("1", "2", "3", "4", "5", "6"),
        {
            "short-term matching": ("3", "2"),
            "long-term matching": ("3", "1"),
            "updating the template": ("6", "5"),
            "consistency loss": ("6", "3"),
            "a mask, not a box": ("6", "4"),
        },
    ),
    # Experiment 3 is lambda 0, experiment 6 is lambda 5 of the similarity features.
    "loss": Table(
        ("3", "similarity_0.5", "similarity_1", "6", "decoder_0.5", "decoder_1", "decoder_5"),
        {
            f"{reads}, lambda {weight}": (name, "3")
            for reads, names in {
                "similarity": ("similarity_0.5", "similarity_1", "6"),
                "decoder": ("decoder_0.5", "decoder_1", "decoder_5"),
            }.items()
            for weight, name in zip(("0.5", "1", "5"), names, strict=True)
        },
    ),
    "later": Table(
        ("6", "past_masks", "coordinates", "gate", "later"),
        {
            "three past masks": ("past_masks", "6"),
            "coordinates": ("coordinates", "6"),
            "learned gate": ("gate", "6"),
            "all three": ("later", "6"),
        },
    ),
}


@run_script("ablation.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("--table", choices=TABLES, default="3", help="which experiments (default: 3, the paper's)")
    add_arguments(parser, HERE / "configs/ablation.toml", Path("runs/ablation"))
    args = parser.parse_args(argv)
    chosen = TABLES[args.table]
    experiments = {name: EXPERIMENTS[name] for name in chosen.rows}
    overrides = {name: experiment.overrides for name, experiment in experiments.items()}
    results = run_experiments(args, overrides, functools.partial(run, args.data))
    print(table({name: experiment.title for name, experiment in experiments.items()}, results))
    print(f"\n{claims(chosen.claims, results)}")


def run(data: Path, name: str, settings: RunSettings, sets: Sets, out: Path) -> dict[str, Scores]:
    """Trains one experiment with one seed, and scores its final weights on each set; what is there already is read."""
    init = EXPERIMENTS[name].init
    record = {**as_json(settings), "scored from": init}

    @functools.cache
    def trained() -> Path:
        from ttvos_tf.training.loop import train

        # A run that has ended is resumed too: its last step is behind it, and nothing is trained.
        train(dataclasses.replace(settings, validation=None), data, out, resume=(out / CHECKPOINT).exists())
        return out / RELEASE

    def measure(block: ValidationSettings) -> dict[str, Score]:
        from ttvos_tf.training.validation import score_weights

        return score_weights(trained(), block, data, init)

    return {
        each: kept_scores(out / f"{each}.json", record, functools.partial(measure, block))
        for each, block in sets.items()
    }


if __name__ == "__main__":
    sys.exit(main())
