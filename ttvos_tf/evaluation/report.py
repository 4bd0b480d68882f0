"""Scores as the official tool hands them out, two CSV files, and as a table to read.

Everything is on the official scale, 0 to 1. An object is named `<sequence>_<id>`, in DAVIS-2016 `<sequence>_1`.
"""

from ttvos_tf.evaluation.davis import Score, mean_score


def global_csv(scores: dict[str, Score]) -> str:
    """The text of `global_results-<split>.csv`."""
    measures = mean_score(scores.values()).measures()
    return f"{','.join(measures)}\n{','.join(f'{value:.3f}' for value in measures.values())}\n"


def sequence_csv(scores: dict[str, Score]) -> str:
    """The text of `per-sequence_results-<split>.csv`."""
    rows = [f"{name},{score.j.mean:.3f},{score.f.mean:.3f}" for name, score in scores.items()]
    return "\n".join(["Sequence,J-Mean,F-Mean", *rows]) + "\n"


def table(scores: dict[str, Score]) -> str:
    """One line for each object, and the seven global numbers below."""
    width = max(len(name) for name in [*scores, "Sequence"])
    lines = [f"{'Sequence':<{width}}  J-Mean  F-Mean"]
    lines += [f"{name:<{width}}  {score.j.mean:6.3f}  {score.f.mean:6.3f}" for name, score in scores.items()]
    measures = mean_score(scores.values()).measures()
    lines += ["", "  ".join(f"{name:>8}" for name in measures)]
    lines += ["  ".join(f"{value:8.3f}" for value in measures.values())]
    return "\n".join(lines)


def to_json(scores: dict[str, Score], fps: float | None) -> dict:
    """The numbers as `ttvos evaluate --json` writes them; `fps` as `track.track_folder` counts it."""
    return {
        "global": mean_score(scores.values()).measures(),
        "sequences": {name: {"J-Mean": score.j.mean, "F-Mean": score.f.mean} for name, score in scores.items()},
        "fps": fps,
    }
