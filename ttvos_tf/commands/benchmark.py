"""The command `ttvos benchmark`: how fast a model tracks on this machine, and how much memory that takes."""

import argparse

from ttvos_tf.commands.options import add_measure_arguments, open_json
from ttvos_tf.inspection.timing import measure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `ttvos benchmark`."""
    parser.add_argument(
        "model", metavar="MODEL", help="a .tflite file, or an installed model's name or the beginning of it"
    )
    parser.add_argument("--size", metavar="HxW", help="the frame size that the model must have, 480x864 for instance")
    add_measure_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Measures, prints, and writes the JSON if asked.

    Raises:
        TTVOSError: no such model, no model of that size, a number out of range, or a file that cannot be written.
    """
    with open_json(args.json, [args.model]) as write_json:
        report = measure(args.model, args.size, args.threads, args.frames, args.objects, args.runtime)
        write_json(report)
    stages = ", ".join(f"{stage} {took:.1f}" for stage, took in report["stages_ms"].items())
    print("{}: frames {}x{}".format(report["model"], *report["size"]))
    print(f"{report['frames']} frames, {report['objects']} objects, {report['threads']} threads, {report['runtime']}")
    print(f"step    {report['median_ms']:.1f} ms median, {report['p90_ms']:.1f} ms p90: {report['fps']:.1f} frames/s")
    print(f"calls   {stages} ms median")
    print(f"memory  {report['peak_rss_mb']:.0f} MB peak of the whole process")
