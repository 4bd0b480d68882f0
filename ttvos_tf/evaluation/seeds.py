"""Experiments that were run with several seeds: their table, and what the differences between them allow to say.

A seed is a training of its own. Two things change a score by chance: which sequences were tracked, and which seed was
trained. The interval of a difference is over sequences, of the seeds' means (compare.py); the differences of the single
seeds stand beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ttvos_tf.evaluation.compare import Scores, average, compare

Runs = Sequence[Scores]  # of one experiment on one set of sequences, a seed each
Results = Mapping[str, Mapping[str, Runs]]  # experiment -> set -> runs


def table(titles: Mapping[str, str], results: Results) -> str:
    """J&F in percent of each experiment on each set, as a Markdown table: the seeds' mean, and their range.

    Args:
        titles: experiment -> what it is, in the table's order.
        results: with the same sets for each experiment.
    """
    sets = list(results[next(iter(titles))])
    lines = [f"| | what | {' | '.join(sets)} |", "| --- " * (2 + len(sets)) + "|"]
    for name, title in titles.items():
        lines.append(f"| {name} | {title} | {' | '.join(_range(results[name][each]) for each in sets)} |")
    return "\n".join(lines)


def claims(pairs: Mapping[str, tuple[str, str]], results: Results) -> str:
    """What one thing is worth, as a Markdown table: a line for each pair of experiments and each set.

    Args:
        pairs: what is claimed to be worth something -> (experiment with it, experiment without it).
        results: of these experiments, run with the same seeds.
    """
    lines = ["| | experiments | sequences | difference | 95 % | each seed | |", "| --- " * 7 + "|"]
    for claim, (ours, theirs) in pairs.items():
        for sequences in results[ours]:
            runs, others = results[ours][sequences], results[theirs][sequences]
            found = compare(_average(runs), _average(others))
            seeds = ", ".join(f"{100 * (mean(a) - mean(b)):+.1f}" for a, b in zip(runs, others, strict=True))
            lines.append(
                f"| {claim} | {ours} - {theirs} | {sequences} | {100 * found.difference:+.1f} "
                f"| {100 * found.low:+.1f} to {100 * found.high:+.1f} | {seeds} | {found.verdict} |"
            )
    return "\n".join(lines)


def mean(scores: Scores) -> float:
    """J&F of a run, 0 to 1: the mean over its objects."""
    return float(np.mean([*scores.values()]))


def _average(runs: Runs) -> Scores:
    return average({Path(str(seed)): run for seed, run in enumerate(runs)})


def _range(runs: Runs) -> str:
    values = [100 * mean(run) for run in runs]
    text = f"{np.mean(values):.1f}"
    return text if len(values) == 1 else f"{text} ({min(values):.1f} to {max(values):.1f})"
