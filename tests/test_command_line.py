import subprocess
import sys

import pytest

from tests.scripts import ROOT
from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.errors import TTVOSError

SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix() for folder in ("training", "tflite") for path in (ROOT / folder).glob("*.py")
)


@pytest.mark.parametrize(
    ("result", "code", "line"),
    [
        (None, 0, ""),
        (3, 3, ""),
        (TTVOSError("a.png: no such mask"), 2, "x.py: error: a.png: no such mask\n"),
        (OSError(28, "No space left on device", "a.png"), 2, "x.py: error: a.png: No space left on device\n"),
        (OSError("no such device"), 2, "x.py: error: no such device\n"),
        (KeyboardInterrupt(), 130, "x.py: error: interrupted\n"),
        (KeyboardInterrupt("continue with --resume"), 130, "x.py: error: interrupted; continue with --resume\n"),
    ],
)
def test_results_and_errors_of_a_script(capsys, result, code, line):
    @run_script("x.py")
    def main(argv):
        assert argv == ["a", "b"]
        if isinstance(result, BaseException):
            raise result
        return result

    assert main(("a", "b")) == code
    assert capsys.readouterr().err == line


def test_other_errors_are_not_hidden():
    @run_script("x.py")
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main([])


@pytest.fixture
def parser():
    parser = Parser(prog="x.py")
    parser.add_argument("source")
    parser.add_argument("--box", action="append")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--fast", action="store_true")
    return parser


def test_numbers_below_zero_are_values(parser):
    args = parser.parse_args(["--box", "-5,80,120,300", "--box", "-.5,-1,2,3", "--threads", "-1", "--fast", "walk.mp4"])
    assert (args.box, args.threads, args.source) == (["-5,80,120,300", "-.5,-1,2,3"], -1, "walk.mp4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--boxes 1", "unrecognized arguments: --boxes (see x.py --help)"),
        ("--boxes=1 walk.mp4", "unrecognized arguments: --boxes=1 "),
        ("walk.mp4 -x", "unrecognized arguments: -x "),
        ("a.mp4 b.mp4", "unrecognized arguments: b.mp4 "),
        ("--fa", "the following arguments are required: source (see x.py --help)"),
        ("walk.mp4 --threads", "argument --threads: expected one argument"),
    ],
)
def test_what_is_unknown_is_named_first(parser, arguments, message):
    with pytest.raises(TTVOSError) as error:
        parser.parse_args(arguments.split())
    assert message in str(error.value)


def test_dashes_alone_end_the_options(parser):
    assert parser.parse_args(["--", "--walk.mp4"]).source == "--walk.mp4"


def test_scripts_refuse_a_bad_command_line_before_tensorflow_is_imported(tmp_path):
    """In one line, and without the usage. What each is given is wrong in its own way."""
    program = (
        "import runpy, sys; script, *sys.argv[1:] = sys.argv[1:]\n"
        "try: runpy.run_path(script, run_name='__main__')\n"
        "except SystemExit as end: print(end.code, 'tensorflow' in sys.modules)"
    )
    wrong = {
        "training/train.py": ["--set", "train.stepz=1"],
        "training/teach.py": ["--config", "none.toml"],
        "training/ablation.py": ["--config", "none.toml"],
        "tflite/convert.py": ["--weights", "none.npz"],
    }
    for script in SCRIPTS:
        command = [sys.executable, "-c", program, str(ROOT / script), *wrong.get(script, ["--no-such-option"])]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.stdout == "2 False\n", (script, done.stdout, done.stderr)
        assert done.stderr.startswith(f"{script.split('/')[1]}: error: ") and done.stderr.count("\n") == 1, done.stderr


def test_what_cannot_be_printed_is_escaped(capsys):
    @run_script("x.py")
    def main(argv):
        raise TTVOSError("no\nsuch\r\x1b[31m\ta\udce9\u2028ß.png: é")

    assert main([]) == 2
    assert capsys.readouterr().err == r"x.py: error: no\nsuch\r\x1b[31m\ta\udce9\u2028ß.png: é" + "\n"
