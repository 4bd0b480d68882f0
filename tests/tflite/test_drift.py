"""The shipped int8 files stay with the float ones over long clips (tflite/drift.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.test_davis import DAVIS
from tests.scripts import load_script
from ttvos_tf.runtime.installed import installed

ROOT = Path(__file__).parents[2]
INT8 = [name for name in installed() if name.endswith("_int8")]


@pytest.fixture(scope="module")
def script():
    return load_script("tflite/drift.py")


def falls_short(name, reason):
    """An int8 file that is known to drift, by how much; that it stops, or fails otherwise, is news."""
    return pytest.param(name, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason))


def assert_no_drift(results):
    for each in results:
        assert each["frames"] >= 300, each
        assert each["mean"] >= 0.95, each
        first, _, last = each["template"]
        assert last <= 1.1 * first, each


@pytest.mark.parametrize("name", [name for name in INT8 if "240x432" in name])
def test_rendered_clip(script, tmp_path, name):
    out = tmp_path / "drift.json"
    assert script.main([name, name.replace("int8", "float16"), "--json", str(out)]) == 0
    results = json.loads(out.read_text())
    assert min(each["tracked"] for each in results) > 0.9
    assert_no_drift(results)


@pytest.mark.slow
@pytest.mark.skipif(not DAVIS.is_dir(), reason=f"no DAVIS at {DAVIS}: set TTVOS_DAVIS to test on real videos")
@pytest.mark.parametrize(
    "name",
    [
        falls_short("mobilenet_v2_480x864_int8", "dance-jump has an IoU of 0.835"),
        falls_short("hrnet_480x864_int8", "bus has an IoU of 0.522 and the rendered car of 0.873"),
    ],
)
def test_real_clips(script, tmp_path, name):
    out = tmp_path / "drift.json"
    assert script.main([name, name.replace("int8", "float16"), "--davis", str(DAVIS), "--json", str(out)]) == 0
    assert_no_drift(json.loads(out.read_text()))


def test_a_template_that_runs_away_is_seen(script):
    """Against a model whose template is off by more and more, though its masks are right."""
    frames = np.zeros((4, 16, 32, 3), np.uint8)
    masks = np.zeros((4, 16, 32), np.uint8)
    masks[:, 4:12, 8:24] = 1

    class Still:
        size = (16, 32)

        def __init__(self, error):
            self.error = error

        def __call__(self, signature, tensors):
            if signature == "init":
                return {"mask": tensors["mask"], "state_template": np.ones((1, 2, 2), np.float32)}
            template = tensors["state_template"] + self.error
            return {"mask": tensors["mask"], "probability": tensors["mask"], "state_template": template}

    clip = script.LongClip("still", frames, masks)
    exact = script.compare(Still(0.0), Still(0.0), clip, 31)
    assert (exact.frames, exact.tracked, exact.mean, exact.low) == (31, 1, 1, 1)
    assert exact.template == (0, 0, 0)
    away = script.compare(Still(0.01), Still(0.0), clip, 31)
    np.testing.assert_allclose(away.template, (0.055, 0.155, 0.255), rtol=1e-3)


def test_bad_input_is_one_line(script, capsys):
    assert script.main(["no_such_model", INT8[0]]) == 2
    assert "no_such_model" in capsys.readouterr().err.strip().splitlines()[-1]
    small, large = (next(name for name in INT8 if size in name) for size in ("240x432", "480x864"))
    assert script.main([small, large]) == 2
    assert "for frames of different size" in capsys.readouterr().err.strip().splitlines()[-1]
