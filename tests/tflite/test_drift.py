"""The shipped int8 files stay with the float ones over long clips (tflite/drift.py)."""

import json

import numpy as np
import pytest

SCRIPT = "tflite/drift.py"


# int8 files that are known to drift, on which clips, by how much. That one stops, or another begins, is news.
DRIFTS = {
    "mobilenet_v2_480x864_int8": {"bus"},  # an IoU of 0.927
    "hrnet_480x864_int8": {"bus", "rendered car"},  # an IoU of 0.522, and of 0.873
}


def measured(script, name, out, *options):
    """What the script reports of an int8 file beside its float16 one."""
    assert script.main([name, name.replace("int8", "float16"), *options, "--json", str(out)]) == 0
    results = json.loads(out.read_text())
    assert all(result["frames"] >= 300 for result in results)
    return results


def drifting(results):
    """Clips on which the masks part, or the template's error grows."""
    return {r["clip"] for r in results if r["mean"] < 0.95 or r["template"][-1] > 1.1 * r["template"][0]}


@pytest.mark.parametrize("name", ["hrnet_240x432_int8", "mobilenet_v2_240x432_int8"])
def test_rendered_clip(script, tmp_path, name):
    results = measured(script, name, tmp_path / "drift.json")
    assert [result["clip"] for result in results] == ["rendered car", "rendered balloon"]
    assert min(result["tracked"] for result in results) > 0.9
    assert not drifting(results)


@pytest.mark.slow
@pytest.mark.parametrize("name", DRIFTS)
def test_real_clips(script, tmp_path, davis, name):
    assert drifting(measured(script, name, tmp_path / "drift.json", "--davis", str(davis))) == DRIFTS[name]


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
    assert script.main(["no_such_model", "hrnet_240x432_int8"]) == 2
    assert "no_such_model" in capsys.readouterr().err.strip().splitlines()[-1]
    assert script.main(["hrnet_240x432_int8", "hrnet_480x864_int8"]) == 2
    assert "for frames of different size" in capsys.readouterr().err.strip().splitlines()[-1]
