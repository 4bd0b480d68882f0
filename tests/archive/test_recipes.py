"""The recipes of docs/archives.md, as they stand there, with as many shards and machines as are at hand."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.archive.tapes import MODEL, Begun, read_report, write_tapes
from tests.docs.pages import read

SHARDS = 3


def recipe(kind, word):
    """The block of the page that holds a word, with fewer shards than there."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", read("docs/archives.md"), re.DOTALL | re.MULTILINE)
    (block,) = (block for block in blocks if word in block)
    block = block.replace("of-20", f"of-{SHARDS}").replace("/20", f"/{SHARDS}")
    return block.replace("range(1, 21)", f"range(1, {SHARDS + 1})").replace("{1..20}", f"{{1..{SHARDS}}}")


@pytest.fixture
def place(tmp_path):
    """Videos, their manifest, and a `ttvos` on the PATH: this one, with the small model."""
    names = write_tapes(tmp_path, 4)
    (tmp_path / "m.jsonl").rename(tmp_path / "archive.jsonl")
    begun = Begun(tmp_path)
    program = tmp_path / "bin" / "ttvos"
    program.parent.mkdir()
    paths = begun.environment["PYTHONPATH"]
    program.write_text(f'#!/bin/sh\nPYTHONPATH={paths} exec {sys.executable} -m ttvos_tf "$@" --model {MODEL}\n')
    program.chmod(0o755)
    # A tool from another environment must not find this one's modules: only `ttvos` does.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{program.parent}:{environment['PATH']}"

    def run(command, **more):
        return subprocess.run(command, cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True)

    def check():
        reports = [tmp_path / f"results/report-{part}-of-{SHARDS}.jsonl" for part in range(1, SHARDS + 1)]
        records = {name: record for report in reports for name, record in read_report(report).items()}
        assert sorted(records) == names and {record["status"] for record in records.values()} == {"done"}
        assert begun.counts() == dict.fromkeys(names, 1)

    return run, check


@pytest.mark.slow
def test_slurm_s_array(place):
    """Without Slurm: what it would run, once for every number of the array."""
    run, check = place
    script = recipe("bash", "SBATCH")
    for number in range(1, SHARDS + 1):
        done = run(["bash", "-c", script], SLURM_ARRAY_TASK_ID=str(number))
        assert done.returncode == 0, done.stderr
    check()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
def test_gnu_parallel(place):
    run, check = place
    command = recipe("bash", "parallel").replace("--sshlogin host1,host2 --workdir . ", "")
    assert "sshlogin" not in command
    done = run(["bash", "-c", command])
    assert done.returncode == 0, done.stderr
    check()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("snakemake") is None, reason="Snakemake is not installed")
def test_snakemake(place, tmp_path):
    run, check = place
    (tmp_path / "Snakefile").write_text(recipe("python", "rule segment"))
    done = run(["snakemake", "--cores", "2"])
    assert done.returncode == 0, done.stderr
    check()
    again = run(["snakemake", "--cores", "2"])
    assert "Nothing to be done" in again.stdout + again.stderr
