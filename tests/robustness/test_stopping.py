"""Every way to stop a program ends it as Ctrl-C does; streams that cannot be written to are one line or none."""

import os
import signal
import subprocess
import sys

import pytest

from tests.scripts import ROOT

STOPS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


def variables(**more):
    """Of a process that finds the package, and whose streams are buffered as usual."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, **more}


def python(program, **options):
    environment = variables(**options.pop("env", {}))
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, env=environment, **options)


SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from ttvos_tf.command_line import run_script
from ttvos_tf.media.atomic import atomic_file
@run_script("x.py")
def main(argv):
    with atomic_file(Path("o.json")) as partial:
        {body}
sys.exit(main())
"""


@STOPS
def test_a_stop_is_one_line_and_leaves_nothing(tmp_path, number):
    done = python(SCRIPT.format(body=f"os.kill(os.getpid(), {int(number)}); time.sleep(9)"), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "x.py: error: interrupted\n")
    assert os.listdir(tmp_path) == []


@STOPS
def test_a_stop_after_the_work_is_no_traceback(tmp_path, number):
    program = SCRIPT.format(body="partial.write_text('whole')").replace("sys.exit(main())", "main()")
    done = python(f"{program}\nos.kill(os.getpid(), {int(number)}); time.sleep(9)", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")
    assert (tmp_path / "o.json").read_text() == "whole"


def test_an_error_that_a_library_makes_of_a_stop_is_still_a_stop(tmp_path):
    body = """
        try:
            os.kill(os.getpid(), signal.SIGINT); time.sleep(9)
        except KeyboardInterrupt:
            raise ImportError("numpy failed to import")"""
    done = python(SCRIPT.format(body=body), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (130, "x.py: error: interrupted\n")


@STOPS
def test_a_stop_during_imports_is_one_line(tmp_path, number):
    (tmp_path / "cv2.py").write_text(f"import os, time\nos.kill(os.getpid(), {int(number)})\ntime.sleep(9)\n")
    program = "import sys; sys.path.insert(0, '.'); from ttvos_tf.cli import main; main(['segment', '--help'])"
    done = python(program, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "ttvos: error: interrupted\n")


def test_what_is_ignored_stays_ignored(tmp_path):
    body = "os.kill(os.getpid(), signal.SIGHUP)"
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + SCRIPT.format(body=body)
    assert python(program, cwd=tmp_path).returncode == 0
    assert os.listdir(tmp_path) == ["o.json"]


def test_a_forked_worker_can_be_ended_without_a_line(tmp_path):
    body = """
        child = os.fork()
        if child == 0:
            time.sleep(9)
            os._exit(1)
        os.kill(child, signal.SIGTERM)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM"""
    done = python(SCRIPT.format(body=body), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


SAYS = "from ttvos_tf.cli import main; import sys; sys.argv[1:] = ['{}']; sys.exit(main())"


@pytest.mark.parametrize("option", ["--help", "--version", "models"])
@pytest.mark.parametrize(
    ("redirection", "code", "line"),
    [
        ("| true", 141, ""),
        (">/dev/full", 2, "ttvos: error: standard output: cannot be written (No space left on device)\n"),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
    ],
)
def test_streams_that_cannot_be_written_to(option, redirection, code, line):
    shell = f'"$PYTHON" -c "$PROGRAM" {redirection}; echo ${{PIPESTATUS[0]}} >&3'
    # The pipe's reader is gone for sure before the program writes.
    program = ("import time; time.sleep(0.3)\n" if "|" in redirection else "") + SAYS.format(option)
    read, write = os.pipe()
    environment = variables(PROGRAM=program)
    command = ["bash", "-c", f"exec 3>&{write}; {shell}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, pass_fds=[write])
    os.close(write)
    with os.fdopen(read) as codes:
        assert (int(codes.read()), done.stderr) == (code, line)


def test_an_error_never_goes_to_stdout():
    shell = ["bash", "-c", '"$PYTHON" -c "$PROGRAM" 2>&-']
    environment = variables(PROGRAM=SAYS.format("fly"))
    done = subprocess.run(shell, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_closed_streams_number_goes_to_no_file(tmp_path):
    body = "os.write(2, b'a library speaks'); os.write(1, b'too'); partial.write_text('whole')"
    program = SCRIPT.format(body=body)
    environment = variables(PROGRAM=program)
    subprocess.run(["bash", "-c", '"$PYTHON" -c "$PROGRAM" <&- >&- 2>&-'], env=environment, cwd=tmp_path, check=True)
    assert (tmp_path / "o.json").read_text() == "whole"


def test_letters_that_a_stream_cannot_print(tmp_path):
    done = python(
        SCRIPT.format(body="print('ö', os.fsdecode(b'\\xff'))"), cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\xf6 \\udcff\n", "")
