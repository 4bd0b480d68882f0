import shutil

import cv2
import numpy as np
import pytest

from tests.data.trees import sliding, write_davis
from ttvos_tf.media.images import read_image, write_mask

SCRIPT = "training/errors.py"


@pytest.fixture
def davis(tmp_path):
    write_davis(tmp_path / "davis", {"dog": sliding(5), "cat": sliding(4)}, split="val")
    return tmp_path / "davis"


def command(davis, results, out):
    return ["--davis", str(davis), "--results", str(results), "--out", str(out), "--columns", "3"]


def test_sheet_shows_every_sequence(script, davis, tmp_path):
    out = tmp_path / "errors.png"
    assert script.main(command(davis, davis / "Annotations/480p", out)) == 0
    sheet = read_image(out, upright=False)
    assert sheet.shape == (2 * 180, 3 * 300, 3)
    assert not sheet[180:, 600:].any()  # the shorter sequence has two scored frames
    green = (sheet[..., 1] > 100) & (sheet[..., 0] < 180) & (sheet[..., 2] < 60)
    assert green[:180, :300].any()


def test_colours_tell_the_mistake(script):
    frame = np.zeros((180, 360, 3), np.uint8)
    truth, found = np.zeros((2, 180, 360), np.uint8)
    truth[40:140, :240], found[40:140, 120:] = 1, 1
    drawn = script.picture(frame, truth, found, "")
    np.testing.assert_array_equal(drawn[90, [60, 180, 300]], [script.MISSED, script.RIGHT, script.WRONG])
    assert not drawn[160].any()
    truth[40:140, :240] = 2  # found, but as another object
    np.testing.assert_array_equal(script.picture(frame, truth, found, "")[90, 180], script.WRONG)


def test_bad_input_is_one_line(script, davis, tmp_path, capsys):
    out = tmp_path / "errors.png"
    assert script.main(command(davis, tmp_path / "nowhere", out)) == 2
    assert "nowhere" in capsys.readouterr().err.strip().splitlines()[-1]
    results = tmp_path / "results"
    shutil.copytree(davis / "Annotations/480p", results)
    write_mask(results / "dog/00001.png", np.zeros((8, 8), np.uint8))
    assert script.main(command(davis, results, out)) == 2
    assert "another size" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not out.exists()


@pytest.mark.parametrize("columns", ["0", "-3", "1000000000"])
def test_columns_have_limits(script, davis, tmp_path, capsys, columns):
    out = tmp_path / "errors.png"
    assert script.main([*command(davis, davis / "Annotations/480p", out), f"--columns={columns}"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("errors.py: error: --columns must ")


def test_a_frame_of_another_size_than_its_mask_is_named(script, davis, tmp_path, capsys):
    frame = next((davis / "JPEGImages/480p/dog").glob("00001.*"))
    cv2.imwrite(str(frame), np.zeros((48, 48, 3), np.uint8))
    assert script.main(command(davis, davis / "Annotations/480p", tmp_path / "errors.png")) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"the mask has another size than {frame}" in error
