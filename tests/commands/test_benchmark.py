import json
import subprocess
import sys

import pytest

from tests.toy_model import HEIGHT, NAME, WIDTH, toy_model
from ttvos_tf import cli
from ttvos_tf.inspection import timing

SCRIPT = "tflite/benchmark.py"
KEYS = {"median_ms", "p90_ms", "fps", "peak_rss_mb", "runtime", "threads", "size", "model"}


@pytest.mark.parametrize(("objects", "stages"), [(1, {"step"}), (3, {"encode", "segment", "update"})])
def test_report(tmp_path, capsys, objects, stages):
    options = ["--threads", "1", "--frames", "12", "--objects", str(objects), "--json", str(tmp_path / "a.json")]
    assert cli.main(["benchmark", str(toy_model()), "--size", f"{HEIGHT}x{WIDTH}", *options]) == 0
    report = json.loads((tmp_path / "a.json").read_text())
    assert report.keys() >= KEYS and report["stages_ms"].keys() == stages
    assert 0 < report["median_ms"] <= report["p90_ms"] and report["fps"] == pytest.approx(
        1e3 / report["median_ms"], 0.01
    )
    assert (report["model"], report["size"], report["threads"]) == (NAME, [HEIGHT, WIDTH], 1)
    assert (report["runtime"], report["frames"], report["objects"]) == ("litert", 12, objects)
    said = capsys.readouterr().out
    assert NAME in said and f"{report['median_ms']:.1f} ms median" in said


def test_times_are_those_of_steps_after_the_warm_up(monkeypatch):
    """A clock that only steps move: 10 ms each at first, then 1, 2, ... ms."""
    now, steps = [0.0], []

    def step(self, frame):
        steps.append(frame.shape)
        now[0] += 0.010 if len(steps) <= timing.WARM_UP else 0.001 * (len(steps) - timing.WARM_UP)

    monkeypatch.setattr(timing.Tracker, "step", step)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    report = timing.measure(str(toy_model()), frames=11)
    assert report["median_ms"] == pytest.approx(6) and report["p90_ms"] == pytest.approx(10)
    assert report["fps"] == pytest.approx(166.67)
    assert len(steps) == timing.WARM_UP + 11 and set(steps) == {(HEIGHT, WIDTH, 3)}


def test_peak_memory_counts_what_was_held():
    script = (
        "import numpy as np; from ttvos_tf.inspection.timing import peak_memory; before = peak_memory(); "
        "held = np.ones(200_000_000, np.uint8); del held; print((peak_memory() - before) / 200e6)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert float(done.stdout) == pytest.approx(1, abs=0.25)


def test_a_shortened_name_and_a_size_find_an_installed_model(monkeypatch):
    asked = []
    monkeypatch.setattr(timing, "find_model", lambda name, size: asked.append((name, size)) or toy_model())
    assert timing.measure("toy", f"{HEIGHT}x{WIDTH}", frames=1)["model"] == NAME
    assert asked == [("toy", (HEIGHT, WIDTH))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.tflite"], "none.tflite: no such model file"),
        (["unknown"], "unknown: no such model file, and no installed model of that name"),
        (["TOY", "--size", "big"], "--size"),
        (["TOY", "--size", "32x48"], f"takes frames of {HEIGHT}x{WIDTH}, not 32x48"),
        (["TOY", "--frames", "0"], "--frames must be at least 1, not 0"),
        (["TOY", "--objects", "0"], "--objects must be at least 1, not 0"),
        (["TOY", "--objects", "99"], "from 1 to 20, not 99"),
        (["TOY", "--threads", "-1"], "threads must be at least 1, not -1"),
        (["TOY", "--json", "TOY/a.json"], "cannot be written"),
    ],
)
def test_bad_input(arguments, message, capsys):
    arguments = [each.replace("TOY", str(toy_model())) for each in arguments]
    assert cli.main(["benchmark", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ttvos: error: ") and error.count("\n") == 1 and message in error


def test_several_models_side_by_side(script, tmp_path, capsys):
    models = [str(toy_model()), str(toy_model(32, 48))]
    assert script.main([*models, "--frames", "2", "--json", str(tmp_path / "a.json")]) == 0
    reports = json.loads((tmp_path / "a.json").read_text())
    assert [report["size"] for report in reports] == [[HEIGHT, WIDTH], [32, 48]]
    # Processes of their own: this one has TensorFlow in it.
    assert "tensorflow" in sys.modules
    assert max(report["peak_rss_mb"] for report in reports) < timing.peak_memory() / 1e6 / 2
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 4 and NAME in table[2] and str(reports[1]["median_ms"]) in table[3]


def test_side_by_side_errors(script, tmp_path, capsys, monkeypatch):
    assert script.main([str(toy_model()), "none.tflite", "--frames", "1", "--json", str(tmp_path / "a")]) == 2
    assert "benchmark.py: error: none.tflite: no such model file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(script, "installed", dict)
    assert script.main([]) == 2
