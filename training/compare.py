"""Says whether a network is better than another: the scores' differences, with an interval for chance.

    ttvos evaluate --davis challenge --year 2016 --split all --model A --json a0.json    # and other seeds, other sets
    python training/compare.py a0.json a1.json --against b0.json b1.json --lists challenge/ImageSets/2016

J&F in points. Files of one side that score the same sequences are runs of one recipe, and are averaged; files of other
sequences are joined. Each list is a line of its own, without a verdict: of many lines some are extreme by chance.
"""

import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.compare import Comparison, Scores, average, compare, of_sequences, read_scores

REASONS = {
    "better": "the whole interval is above 0",
    "worse": "the whole interval is below 0",
    "cannot tell": "the interval holds 0",
}


@run_script("compare.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("ours", nargs="+", type=Path, metavar="JSON", help="scores, by ttvos evaluate --json")
    parser.add_argument("--against", nargs="+", type=Path, required=True, metavar="JSON", help="the other side's")
    parser.add_argument("--lists", type=Path, metavar="DIR", help="a line for each list of sequences (.txt) in there")
    args = parser.parse_args(argv)
    ours, theirs = (average({path: read_scores(path) for path in paths}) for paths in (args.ours, args.against))
    whole = compare(ours, theirs)
    lines = {"all": whole, **(by_list(args.lists, ours, theirs) if args.lists else {})}
    print(table(lines))
    print(f"\n{whole.verdict}: {REASONS[whole.verdict]}")


def by_list(folder: Path, ours: Scores, theirs: Scores) -> dict[str, Comparison]:
    """A comparison for each list that names some of the sequences, but not all.

    Raises:
        TTVOSError: no list in the folder names any.
    """
    parts = {path.stem: of_sequences(ours, path.read_text().split()) for path in sorted(folder.glob("*.txt"))}
    if not any(parts.values()):
        raise TTVOSError(f"{folder}: no list (.txt) in there names a sequence that was scored")
    return {
        title: compare(part, {name: theirs[name] for name in part})
        for title, part in parts.items()
        if 0 < len(part) < len(ours)
    }


def table(lines: dict[str, Comparison]) -> str:
    """A line for each comparison, in points."""
    width = max(map(len, lines))
    rows = [f"{'':<{width}}  sequences   ours  theirs  difference  95 %"]
    rows += [
        f"{title:<{width}}  {each.sequences:9d}  {100 * each.ours:5.1f}  {100 * each.theirs:6.1f}"
        f"  {100 * each.difference:+10.1f}  {100 * each.low:+.1f} to {100 * each.high:+.1f}"
        for title, each in lines.items()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
