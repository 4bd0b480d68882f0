"""Times several models side by side on this machine.

    python tflite/benchmark.py                                          # all installed models
    python tflite/benchmark.py out/*.tflite --threads 4 --json speed.json

Every model is measured as by `ttvos benchmark`, in a process of its own, so that its memory is its own too.
"""

import argparse
import functools
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_measure_arguments, open_json
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection.timing import Report, measure
from ttvos_tf.runtime.installed import installed

COLUMNS = ("median_ms", "p90_ms", "fps", "peak_rss_mb", "runtime")


@run_script("benchmark.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="files or names (default: all installed models)")
    add_measure_arguments(parser)
    args = parser.parse_args(argv)
    with open_json(args.json, args.models) as write_json:
        reports = measure_all(args)
        write_json(reports)
    print("\n".join(table(reports)))


def measure_all(args: argparse.Namespace) -> list[Report]:
    """Measures the models one after the other; see `ttvos_tf.inspection.timing.measure` for what a report holds."""
    models = args.models or list(installed())
    if not models:
        raise TTVOSError("no model comes with this installation: give the paths of .tflite files")
    one = functools.partial(
        measure, threads=args.threads, frames=args.frames, objects=args.objects, runtime=args.runtime
    )
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, max_tasks_per_child=1) as pool:
        return list(pool.map(one, models))


def table(reports: list[Report]) -> list[str]:
    """Lines of a Markdown table, a model a line."""
    rows = [[report["model"], *(str(report[column]) for column in COLUMNS)] for report in reports]
    return [f"| {' | '.join(row)} |" for row in [["model", *COLUMNS], ["---"] * (1 + len(COLUMNS)), *rows]]


if __name__ == "__main__":
    sys.exit(main())
