"""The command `ttvos`: one parser, whose subcommands live in modules of their own and are imported when asked for."""

import importlib
import os
import sys

from ttvos_tf import __version__, startup

startup.start("ttvos")  # before what takes time to import
# NumPy's products are small here. Its other threads wait for the next one by spinning, on the cores that the network
# needs: a step took twice as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ttvos_tf.command_line import Parser, run_script  # noqa: E402

DESCRIPTION = """\
Video object segmentation: give the mask or the box of one or more objects in the first frame of a video, and get their
masks in every later frame. Runs small TFLite models on phones, boards and laptops.
"""

EXAMPLES = """\
examples:
  ttvos segment walk.mp4 --box 210,80,120,300 --overlay walk_overlay.mp4
  ttvos segment frames/ --mask first.png --out masks
  ttvos models
  ttvos COMMAND --help  # options and examples of one command
"""

# Command -> (module with add_arguments(parser) and run(args), what it does, examples).
COMMANDS = {
    "segment": (
        "ttvos_tf.commands.segment",
        "label the objects in every frame of a video, a folder of frames or a camera",
        """\
  ttvos segment walk.mp4 --box 210,80,120,300  # one object, from a box: left, top, width, height
  ttvos segment walk.mp4 --box 210,80,120,300 --box 400,90,80,250  # two objects, ids 1 and 2
  ttvos segment frames/ --mask first.png --out masks  # objects are the pixel values of first.png
  ttvos segment walk.mp4 --mask first.png --overlay seen.mp4  # also a video with the objects in colour
  ttvos segment walk.mp4 --mask first.png --mask 45:2=later.png  # object 2 is put right in frame 45
  ttvos segment walk.mp4 --box 0:1=210,80,120,300 --box 30:2=400,90,80,250  # object 2 joins in frame 30
  ttvos segment walk.mp4 --mask middle.png --start 45 --backward  # from frame 45 in both directions
  ttvos segment walk.mp4 --prompts walk.json  # masks and boxes, listed in a file
  ttvos segment walk.mp4 --mask first.png --cutout alone.webm  # also the objects alone, transparent around
  ttvos segment walk.mp4 --mask first.png --cutout seen.mp4 --background blur  # or before another background
  ttvos segment walk.mp4 --mask first.png --format coco --name 1=car --name 2=car  # annotations, not masks
  ttvos segment walk.mp4 --mask first.png --resume  # go on from the masks that an interrupted run left
  ttvos segment a.mp4 b.mp4 --mask '{name}.png' --overlay '{name}_seen.mp4'  # each by itself
  ttvos segment rtsp://camera/1 --box 200,100,150,300 --overlay me.mp4  # until Ctrl-C
  ttvos segment 0 --box 200,100,150,300 --overlay me.mp4  # camera 0, until Ctrl-C""",
    ),
    "batch": (
        "ttvos_tf.commands.batch",
        "segment every video of a manifest, on this machine or on many; go on where it was stopped",
        """\
  ttvos batch archive.jsonl --out results  # a process for every core; the same command again does what is missing
  ttvos batch archive.jsonl --out results --retry-failed  # also what could not be done
  ttvos batch archive.jsonl --out results --shard 3/20  # the third of twenty parts
  ttvos batch archive.jsonl --out results --dask tcp://10.0.0.5:8786  # on a Dask cluster""",
    ),
    "frame": (
        "ttvos_tf.commands.frame",
        "write one frame as a picture, with numbered pixels if asked for: to read a box off, or to draw a mask on",
        """\
  ttvos frame walk.mp4 --grid  # the first frame, as walk_00000.png
  ttvos frame walk.mp4 --at 45 --out middle.png""",
    ),
    "app": (
        "ttvos_tf.commands.app",
        "draw, watch and correct in a browser; nothing leaves this machine",
        """\
  ttvos app  # the page, with a sample clip
  ttvos app walk.mp4  # with that video loaded
  ttvos app --port 8080 --no-open  # only print the address""",
    ),
    "label": (
        "ttvos_tf.commands.label",
        "label a video in labelme: draw on one frame, track through the others, correct on any",
        """\
  ttvos label frames/  # a folder of pictures, whose annotations lie beside them
  ttvos label walk.mp4 --labels car,person  # its frames are put into results/walk_labelme first""",
    ),
    "evaluate": (
        "ttvos_tf.commands.evaluate",
        "score a model, or masks of any method, on DAVIS 2016 or 2017 (J, F, J&F)",
        """\
  ttvos evaluate --davis DAVIS --year 2016 --model mobilenet_v2
  ttvos evaluate --davis DAVIS --year 2017 --results masks  # score masks/<sequence>/<frame>.png""",
    ),
    "benchmark": (
        "ttvos_tf.commands.benchmark",
        "time a model on this machine: milliseconds a frame, frames a second, memory",
        """\
  ttvos benchmark mobilenet_v2_240x432_float16
  ttvos benchmark mobilenet_v2 --size 480x864 --threads 4 --objects 3
  ttvos benchmark my_model.tflite --json speed.json""",
    ),
    "info": (
        "ttvos_tf.commands.info",
        "parameters, multiply-adds and state of a model file or of a network",
        """\
  ttvos info mobilenet_v2_480x864_int8
  ttvos info hrnet --size 480x853  # a network beside the paper's Table 1""",
    ),
    "models": (
        "ttvos_tf.commands.models",
        "list the models that are installed",
        "  ttvos models",
    ),
}


@run_script("ttvos")
def main(argv: list[str]) -> int | None:
    """Runs the command line: `argv` are the arguments after the program's name; returns the command's exit code."""
    # OpenCV prints reasons of its own beside our error. It reads this when it is loaded. FFmpeg's lines are heard
    # (media/video.py).
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    args = parser(argv[0] if argv else "").parse_args(argv)
    return importlib.import_module(COMMANDS[args.command][0]).run(args)


def parser(command: str) -> Parser:
    """The parser of all commands, with the options of `command` only: to know them its module must be imported."""
    parser = Parser(prog="ttvos", description=DESCRIPTION, epilog=EXAMPLES)
    parser.add_argument("--version", action="version", version=f"ttvos {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for name, (module, summary, examples) in COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}."
        child = commands.add_parser(name, help=summary, description=description, epilog=f"examples:\n{examples}")
        if name == command:
            importlib.import_module(module).add_arguments(child)
    return parser


if __name__ == "__main__":
    sys.exit(main())
