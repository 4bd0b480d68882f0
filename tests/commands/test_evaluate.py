import argparse
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from vos_benchmark.benchmark import VideoEvaluator

from tests.toy_model import toy_model
from ttvos_tf.commands import evaluate as command
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation import score
from ttvos_tf.evaluation.davis import Score, Statistics
from ttvos_tf.evaluation.report import global_csv, sequence_csv, table, to_json
from ttvos_tf.media.images import davis_palette, read_mask, write_mask

SIZE = (48, 64)
LENGTHS = {"cat": 6, "dog": 4}
MEASURES = ["J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay"]


def labels_at(t, ids=(1, 2)):
    """Overlapping rectangles, one an id, that move to the right."""
    labels = np.zeros(SIZE, np.uint8)
    for k, i in enumerate(ids):
        labels[6 + 12 * k : 30 + 12 * k, 4 + 8 * k + t : 24 + 8 * k + t] = i
    return labels


def write_davis(root, year="2017", lengths=LENGTHS, masks=labels_at):
    (root / "ImageSets" / year).mkdir(parents=True)
    (root / "ImageSets" / year / "val.txt").write_text("\n".join(lengths) + "\n")
    for name, length in lengths.items():
        images, annotations = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        images.mkdir(parents=True)
        annotations.mkdir(parents=True)
        for t in range(length):
            # The time is written into the picture, for the stand-in tracker to read.
            cv2.imwrite(str(images / f"{t:05d}.jpg"), np.full((*SIZE, 3), 10 * t, np.uint8))
            cv2.imwrite(str(annotations / f"{t:05d}.png"), masks(t))
    return root


def copy_annotations(davis, results):
    for path in davis.glob("Annotations/480p/*/*.png"):
        write_mask(results / path.parent.name / path.name, read_mask(path))
    return results


def evaluate(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    command.run(parser.parse_args([str(argument) for argument in arguments]))


class DriftingTracker:
    """Knows the truth of `write_davis`, and is one more pixel off in every frame. Records what it was given."""

    given: list

    def __init__(self, model, num_threads):
        DriftingTracker.given = []
        self.loaded = (model, num_threads)

    def start(self, frame, mask=None, boxes=None):
        self.given.append((frame, mask, boxes))
        self.merged = mask is not None and set(np.unique(mask)) == {0, 1}
        return mask if boxes is None else labels_at(0)

    def step(self, frame):
        t = round(frame[0, 0, 0] / 10)
        labels = labels_at(2 * t)
        return (labels > 0).astype(np.uint8) if self.merged else labels


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    """Threads start sooner; `test_command_line` goes through real processes."""
    monkeypatch.setattr(score, "ProcessPoolExecutor", lambda count, *_, **__: ThreadPoolExecutor(count))


@pytest.fixture
def tracker(monkeypatch):
    monkeypatch.setattr(command, "Tracker", DriftingTracker)
    return DriftingTracker


@pytest.fixture
def davis(tmp_path):
    return write_davis(tmp_path / "DAVIS")


def test_truth_scores_one(davis, tmp_path, capsys):
    results = copy_annotations(davis, tmp_path / "results")
    evaluate("--davis", davis, "--results", results, "--json", tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["global"] == dict.fromkeys(MEASURES, 1) | {"J-Decay": 0, "F-Decay": 0}
    assert list(scores["sequences"]) == ["cat_1", "cat_2", "dog_1", "dog_2"]
    assert all(score == {"J-Mean": 1, "F-Mean": 1} for score in scores["sequences"].values())
    assert scores["fps"] is None
    assert (results / "global_results-val.csv").read_text() == (
        "J&F-Mean,J-Mean,J-Recall,J-Decay,F-Mean,F-Recall,F-Decay\n1.000,1.000,1.000,0.000,1.000,1.000,0.000\n"
    )
    assert (results / "per-sequence_results-val.csv").read_text() == (
        "Sequence,J-Mean,F-Mean\ncat_1,1.000,1.000\ncat_2,1.000,1.000\ndog_1,1.000,1.000\ndog_2,1.000,1.000\n"
    )
    assert "cat_2   " in capsys.readouterr().out


def test_first_and_last_frame_are_not_needed(davis, tmp_path):
    results = copy_annotations(davis, tmp_path / "results")
    (results / "cat/00000.png").unlink()
    (results / "cat/00005.png").unlink()
    evaluate("--davis", davis, "--results", results, "--out", tmp_path / "out")
    assert (tmp_path / "out/global_results-val.csv").exists()
    assert not (results / "global_results-val.csv").exists()


@pytest.mark.parametrize("year", ["2016", "2017"])
def test_model_is_tracked_and_scored_as_vos_benchmark_scores_its_masks(year, tmp_path, tracker):
    davis = write_davis(tmp_path / "DAVIS", year)
    if year == "2016":  # black-and-white masks, as they come
        for path in davis.glob("Annotations/480p/*/*.png"):
            cv2.imwrite(str(path), 255 * (read_mask(path) > 0).astype(np.uint8))
    out = tmp_path / "out"
    arguments = ["--davis", davis, "--year", year, "--model", "some.tflite", "--out", out]
    evaluate(*arguments, "--threads", "1", "--json", tmp_path / "scores.json")

    written = sorted(path.relative_to(out).as_posix() for path in out.glob("*/*"))
    assert written == [f"{name}/{t:05d}.png" for name, length in LENGTHS.items() for t in range(length)]
    ids = [1, 2] if year == "2017" else [1]
    for frame, mask, boxes in tracker.given:
        assert frame.dtype == np.uint8 and frame.max() <= 2 and boxes is None
        np.testing.assert_array_equal(mask, labels_at(0) if year == "2017" else labels_at(0) > 0)
    np.testing.assert_array_equal(read_mask(out / "cat/00000.png"), tracker.given[0][1])

    scores = json.loads((tmp_path / "scores.json").read_text())
    assert list(scores["global"]) == MEASURES
    assert list(scores["sequences"]) == [f"{name}_{i}" for name in LENGTHS for i in ids]
    assert scores["fps"] > 0

    if year == "2016":
        for path in davis.glob("Annotations/480p/*/*.png"):
            write_mask(path, (read_mask(path) > 0).astype(np.uint8))
    peer = VideoEvaluator(str(davis / "Annotations/480p"), str(out))
    expected = {}
    for name in LENGTHS:
        _, j, f = peer(name)
        expected |= {f"{name}_{i}": {"J-Mean": j[i] / 100, "F-Mean": f[i] / 100} for i in ids}
    for name, numbers in expected.items():
        assert scores["sequences"][name] == pytest.approx(numbers, abs=1e-6)
    for measure in ("J-Mean", "F-Mean"):
        mean = np.mean([numbers[measure] for numbers in expected.values()])
        assert scores["global"][measure] == pytest.approx(mean, abs=1e-6)
        assert 0.3 < mean < 0.95


def test_a_model_file_is_run(tmp_path):
    colours = np.array([[40, 90, 40], [20, 20, 230], [230, 60, 20]], np.uint8)
    davis = write_davis(tmp_path / "DAVIS")
    for path in davis.glob("JPEGImages/480p/*/*.jpg"):
        cv2.imwrite(str(path), colours[labels_at(int(path.stem))])
    evaluate("--davis", davis, "--model", toy_model(), "--out", tmp_path / "out", "--json", tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["global"]["J-Mean"] > 0.7 and scores["fps"] > 0


def test_masks_are_paletted(davis, tmp_path, tracker):
    from PIL import Image

    evaluate("--davis", davis, "--model", "some.tflite", "--out", tmp_path / "out")
    with Image.open(tmp_path / "out/dog/00001.png") as image:
        assert image.mode == "P" and image.size == SIZE[::-1]
        assert image.getpalette()[:9] == davis_palette()[:3].ravel().tolist()
        np.testing.assert_array_equal(np.asarray(image), labels_at(2))


def test_box_start_gives_boxes_and_keeps_ids(tmp_path, tracker):
    davis = write_davis(tmp_path / "DAVIS", masks=lambda t: labels_at(t, ids=(3, 7)))
    evaluate("--davis", davis, "--model", "some.tflite", "--init", "box", "--out", tmp_path / "out")
    # Object 7 covers the lower right corner of object 3: 3's box holds that corner too.
    assert [(mask, boxes) for _, mask, boxes in tracker.given] == [(None, [(4, 6, 20, 24), (12, 18, 20, 24)])] * 2
    np.testing.assert_array_equal(read_mask(tmp_path / "out/cat/00001.png"), labels_at(2, ids=(3, 7)))


def test_a_box_in_the_place_of_the_mask(tmp_path, monkeypatch):
    """As the paper has it: all of the box is the object, and nobody looks for it there."""
    given = []

    class Tracker(DriftingTracker):
        def reset(self):
            given.clear()

        def give(self, frame, objects):
            given.append(objects)
            self.merged = False
            return labels_at(0)

    monkeypatch.setattr(command, "Tracker", Tracker)
    davis = write_davis(tmp_path / "DAVIS", masks=lambda t: labels_at(t, ids=(3, 7)))
    with pytest.raises(TTVOSError, match="holds id 1, but"):  # the stand-in has ids of its own
        evaluate("--davis", davis, "--model", "some.tflite", "--init", "box-as-mask", "--out", tmp_path / "out")
    (objects,) = given
    assert [*objects] == [3, 7] and not any(each.is_box for each in objects.values())
    for each, (x, y) in zip(objects.values(), ((4, 6), (12, 18)), strict=True):
        expected = np.zeros(SIZE, bool)
        expected[y : y + 24, x : x + 20] = True
        np.testing.assert_array_equal(each.covered, expected)


def test_default_folder_names_the_run(davis, tmp_path, tracker, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluate("--davis", davis, "--model", "models/ttvos_x.tflite", "--init", "box")
    assert (tmp_path / "results/davis2017-val-ttvos_x-box/cat/00000.png").exists()


def test_ids_with_gaps_keep_their_names(tmp_path):
    davis = write_davis(tmp_path / "DAVIS", masks=lambda t: labels_at(t, ids=(1, 3)))
    results = copy_annotations(davis, tmp_path / "results")
    evaluate("--davis", davis, "--results", results, "--json", tmp_path / "scores.json")
    assert list(json.loads((tmp_path / "scores.json").read_text())["sequences"]) == ["cat_1", "cat_3", "dog_1", "dog_3"]


def test_object_that_joins_later_is_not_scored(tmp_path):
    davis = write_davis(tmp_path / "DAVIS", masks=lambda t: labels_at(t, ids=(1,) if t == 0 else (1, 2)))
    results = tmp_path / "results"
    for name, length in LENGTHS.items():
        for t in range(length):
            write_mask(results / name / f"{t:05d}.png", np.where(labels_at(t) == 1, 1, 0).astype(np.uint8))
    evaluate("--davis", davis, "--results", results)
    assert (results / "per-sequence_results-val.csv").read_text().split()[1:] == [
        "cat_1,1.000,1.000",
        "dog_1,1.000,1.000",
    ]


def drop_sequence(davis, results):
    for path in (results / "dog").iterdir():
        path.unlink()
    (results / "dog").rmdir()
    return r"dog: no such folder"


def drop_frame(davis, results):
    (results / "dog/00002.png").unlink()
    return r"dog/00002\.png: no such mask"


def resize_mask(davis, results):
    write_mask(results / "cat/00003.png", labels_at(3)[:40])
    return r"cat/00003\.png: the mask is 64x40, but its annotation is 64x48"


def add_object(davis, results):
    write_mask(results / "cat/00001.png", labels_at(1, ids=(1, 2, 5)))
    return r"cat/00001\.png: holds id 5, but the objects of cat are \[1, 2\]"


def write_black_and_white(davis, results):
    write_mask(results / "cat/00001.png", labels_at(1, ids=(255,)))
    return r"cat/00001\.png: holds id 255, but"


def cut_short(davis, results):
    path = results / "cat/00002.png"
    path.write_bytes(path.read_bytes()[:60])
    return r"cat/00002\.png: cannot be read"


def write_colours(davis, results):
    cv2.imwrite(str(results / "cat/00002.png"), np.full((*SIZE, 3), 77, np.uint8))
    return r"cat/00002\.png: a mask is an 8-bit image of one channel"


def break_annotation(davis, results):
    (davis / "Annotations/480p/cat/00002.png").write_bytes(b"no picture")
    return r"Annotations/480p/cat/00002\.png: cannot be read"


def remove_split(davis, results):
    (davis / "ImageSets/2017/val.txt").rename(davis / "ImageSets/2017/train.txt")
    return r"2017/val\.txt"


def remove_year(davis, results):
    (davis / "ImageSets/2017").rename(davis / "ImageSets/2016")
    return r"2017/val\.txt"


def remove_root(davis, results):
    davis.rename(davis.with_name("elsewhere"))
    return str(davis)


def empty_first_annotation(davis, results):
    write_mask(davis / "Annotations/480p/dog/00000.png", np.zeros(SIZE, np.uint8))
    return r"dog/00000\.png: holds no object"


def keep_two_frames(davis, results):
    for t in (2, 3):
        (davis / f"JPEGImages/480p/dog/{t:05d}.jpg").unlink()
        (davis / f"Annotations/480p/dog/{t:05d}.png").unlink()
    return r"dog: needs 3 frames or more"


@pytest.mark.parametrize(
    "damage",
    [
        drop_sequence, drop_frame, resize_mask, add_object, write_black_and_white, cut_short, write_colours,
        break_annotation, remove_split, remove_year, remove_root, empty_first_annotation, keep_two_frames,
    ],
)  # fmt: skip
def test_bad_input_is_named_and_nothing_written(damage, davis, tmp_path):
    results = copy_annotations(davis, tmp_path / "results")
    message = damage(davis, results)
    with pytest.raises(TTVOSError, match=message) as error:
        evaluate("--davis", davis, "--results", results, "--json", tmp_path / "scores.json")
    assert "\n" not in str(error.value)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".json") or "partial" in path.name]


def shrink_frame(davis):
    cv2.imwrite(str(davis / "JPEGImages/480p/dog/00002.jpg"), np.zeros((40, 64, 3), np.uint8))
    return r"dog/00002\.jpg: the frame is 64x40, but the first annotation is 64x48"


def break_frame(davis):
    (davis / "JPEGImages/480p/dog/00002.jpg").write_bytes(b"no picture")
    return r"dog/00002\.jpg: cannot be read"


@pytest.mark.parametrize("damage", [shrink_frame, break_frame])
def test_bad_frame_leaves_no_half_sequence(damage, davis, tmp_path, tracker):
    message = damage(davis)
    with pytest.raises(TTVOSError, match=message):
        evaluate("--davis", davis, "--model", "some.tflite", "--out", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cat"]


def test_needs_no_tensorflow():
    loaded = "import sys, ttvos_tf.commands.evaluate; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded]).returncode == 0


@pytest.mark.parametrize(("out", "message"), [("Annotations/480p", "is read as input"), ("copy", "would be lost")])
def test_foreign_files_are_not_replaced(davis, tracker, out, message):
    shutil.copytree(davis / "Annotations/480p", davis / "copy")
    before = (davis / out / "cat/00001.png").read_bytes()
    with pytest.raises(TTVOSError, match=message):
        evaluate("--davis", davis, "--model", "some.tflite", "--out", davis / out)
    assert (davis / out / "cat/00001.png").read_bytes() == before


def test_own_masks_are_replaced(davis, tmp_path, tracker):
    for _ in range(2):
        evaluate("--davis", davis, "--model", "some.tflite", "--out", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_box_with_results_is_refused(davis, tmp_path):
    with pytest.raises(TTVOSError, match="--init box"):
        evaluate("--davis", davis, "--results", tmp_path, "--init", "box")


def ttvos(*arguments):
    run_main = "import sys; from ttvos_tf.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run_main, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_command_line(davis, tmp_path):
    results = copy_annotations(davis, tmp_path / "results")
    done = ttvos("evaluate", "--davis", davis, "--results", results)
    assert done.returncode == 0 and "J&F-Mean" in done.stdout
    (results / "cat/00002.png").unlink()
    failed = ttvos("evaluate", "--davis", davis, "--results", results)
    assert failed.returncode == 2 and "Traceback" not in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith(f"ttvos: error: {results / 'cat/00002.png'}")


@pytest.mark.parametrize("arguments", [[], ["--model", "a", "--results", "b"], ["--model", "a", "--year", "2018"]])
def test_argument_errors(arguments, davis, capsys):
    with pytest.raises(SystemExit) as error:
        evaluate("--davis", davis, *arguments)
    assert error.value.code == 2
    assert re.search("--model|--results|--year", capsys.readouterr().err)


SCORES = {
    "cat_1": Score(Statistics(0.73856, 0.5, -0.0004), Statistics(0.8, 1.0, 0.1)),
    "dog_1": Score(Statistics(0.5, 0.25, 0.2), Statistics(0.61, 0.5, 0.05)),
}


def test_csv_files_as_the_official_tool_formats_them():
    assert global_csv(SCORES) == (
        "J&F-Mean,J-Mean,J-Recall,J-Decay,F-Mean,F-Recall,F-Decay\n0.662,0.619,0.375,0.100,0.705,0.750,0.075\n"
    )
    assert sequence_csv(SCORES) == "Sequence,J-Mean,F-Mean\ncat_1,0.739,0.800\ndog_1,0.500,0.610\n"


def test_table_and_json_hold_the_numbers():
    lines = table(SCORES).splitlines()
    assert [line.split() for line in lines] == [
        ["Sequence", "J-Mean", "F-Mean"],
        ["cat_1", "0.739", "0.800"],
        ["dog_1", "0.500", "0.610"],
        [],
        MEASURES,
        ["0.662", "0.619", "0.375", "0.100", "0.705", "0.750", "0.075"],
    ]
    numbers = to_json(SCORES, 12.5)
    assert numbers["sequences"] == {
        "cat_1": {"J-Mean": 0.73856, "F-Mean": 0.8},
        "dog_1": {"J-Mean": 0.5, "F-Mean": 0.61},
    }
    assert numbers["global"]["J&F-Mean"] == pytest.approx((0.61928 + 0.705) / 2)
    assert numbers["fps"] == 12.5
