import itertools
import json
import os
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clips import SIZE, clip, write_walk
from tests.docs.pages import shell_commands
from tests.metrics import iou
from tests.runtimes import RUNTIMES
from tests.toy_model import NAME, toy_model
from tests.ttvos import content, ttvos
from ttvos_tf import cli
from ttvos_tf.commands import models, resume, segment
from ttvos_tf.config import BACKBONES
from ttvos_tf.media.annotations import masks
from ttvos_tf.media.images import read_mask, write_mask
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import installed
from ttvos_tf.runtime.installed import find_model
from ttvos_tf.runtime.objects import MAX_OBJECTS

LENGTH = 10
BOX = "8,6,22,20"  # of object 1 in the first frame


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with a video, its frames, the masks of its first frame, and the model."""
    folder = tmp_path_factory.mktemp("inputs")
    write_walk(folder, LENGTH)
    shutil.copy(toy_model(), folder)
    return folder


MODEL = ("--model", f"ttvos_{NAME}.tflite", "--threads", "1")


def test_a_video_with_a_mask_and_all_outputs(place, capsys):
    outputs = ("--out", "masks", "--overlay", "new/seen.mp4", "--json", "new/report.json")
    assert ttvos("segment", "walk.avi", "--mask", "first.png", *MODEL, *outputs) == 0
    _, truth = clip(LENGTH, ids=(1, 2))
    masks = sorted((place / "masks").iterdir())
    assert [path.name for path in masks] == [f"{index:05d}.png" for index in range(LENGTH)]
    assert np.array_equal(read_mask(masks[0]), truth[0])
    for path, expected in zip(masks, truth, strict=True):
        labels = read_mask(path)
        assert labels.shape == SIZE and iou(labels == 1, expected == 1) > 0.7 and iou(labels == 2, expected == 2) > 0.7
    overlay = open_source(place / "new/seen.mp4")
    assert (overlay.count, overlay.fps) == (LENGTH, 20)
    report = json.loads((place / "new/report.json").read_text())
    assert report.pop("fps") > 0
    assert [(each["frame"], each["object"]) for each in report.pop("scores")] == [
        (index, object_id) for index in range(LENGTH) for object_id in (1, 2)
    ]
    expected = {"frames": LENGTH, "model": NAME, "runtime": "litert", "objects": [1, 2], "out": "masks"}
    assert report == expected
    said = capsys.readouterr()
    assert all(each in said.out for each in ("masks", "new/seen.mp4", "new/report.json", f"{LENGTH} frames"))
    assert "Traceback" not in said.err
    assert not [path for path in place.rglob(".*")], "nothing unfinished is left"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_folder_with_boxes_keeps_the_frames_names(place, runtime):
    for index in range(LENGTH):
        os.rename(place / f"frames/{index:05d}.png", place / f"frames/shot_{index + 7}.png")
    box = ("--box", BOX, "--box", "20,36,22,20")
    assert ttvos("segment", "frames", *box, *MODEL, "--out", "masks", "--runtime", runtime) == 0
    names = {path.name for path in (place / "masks").iterdir()}
    assert names == {f"shot_{index + 7}.png" for index in range(LENGTH)}
    assert set(np.unique(read_mask(place / "masks/shot_16.png"))) == {0, 1, 2}


def test_where_masks_go_by_default_and_that_a_second_run_replaces_them(place):
    for box in (BOX, "20,36,22,20"):
        assert ttvos("segment", "walk.avi", "--box", box, *MODEL) == 0
    masks = sorted((place / "results/walk").iterdir())
    assert len(masks) == LENGTH and read_mask(masks[0])[46, 30] == 1
    assert os.listdir(place / "results") == ["walk"]


def test_videos_of_one_name_never_share_the_default_folder(place, capsys):
    for folder in ("a", "b"):
        (place / folder).mkdir()
        shutil.copy("walk.avi", place / folder)
    assert ttvos("segment", "a/walk.avi", "--box", BOX, *MODEL) == 0
    before = content(place)
    capsys.readouterr()
    assert ttvos("segment", "b/walk.avi", "--box", BOX, *MODEL) == 2
    assert "results/walk: holds the masks of another source of that name" in capsys.readouterr().err
    assert content(place) == before
    assert ttvos("segment", "b/walk.avi", "--box", BOX, *MODEL, "--out", "results/b") == 0
    assert ttvos("segment", "a/walk.avi", "--box", BOX, *MODEL) == 0


def test_a_box_may_begin_outside(place):
    assert ttvos("segment", "walk.avi", "--box", "-5,-2.5,35,28", *MODEL, "--out", "m") == 0
    assert read_mask(place / "m/00000.png")[:25, :30].all()


def test_litter_of_file_managers_is_no_frame(place):
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (place / "frames" / name).write_bytes(b"x")
    assert ttvos("segment", "frames", "--box", BOX, *MODEL, "--out", "m") == 0
    assert len(os.listdir(place / "m")) == LENGTH


def test_one_frame_has_no_speed(place):
    for path in sorted((place / "frames").iterdir())[1:]:
        path.unlink()
    assert ttvos("segment", "frames", "--box", BOX, *MODEL, "--json", "a.json") == 0
    report = json.loads((place / "a.json").read_text())
    assert (report["frames"], report["fps"]) == (1, None)


def spoil(name, data):
    def action(place):
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data(path.read_bytes()) if callable(data) else data)

    return action


def touch(name):
    def action(place):
        (place / name).parent.mkdir()
        (place / name).touch()

    return action


def image(name, pixels):
    return lambda place: Image.fromarray(pixels).save(place / name)


def other_size(place):
    cv2.imwrite(str(place / "frames/00004.png"), np.zeros((32, 96, 3), np.uint8))


def many_objects(place):
    write_mask(place / "bad.png", (np.arange(64 * 96) % (MAX_OBJECTS + 2)).astype(np.uint8).reshape(SIZE))


def unreadable_middle(data):
    return data[: len(data) * 42 // 100] + bytes(len(data) * 12 // 100) + data[len(data) * 54 // 100 :]


COMMON = ("--mask", "first.png", *MODEL)
WALK = ("walk.avi", *COMMON)
# What is done to the inputs -> arguments of `ttvos segment`, and the line that they must give.
BAD = {
    "no such video": (None, ("none.avi", *COMMON), "none.avi: no such video file or folder of frames"),
    "not a video": (spoil("a.mp4", b"text" * 999), ("a.mp4", *COMMON), "a.mp4: cannot be read as a video"),
    "ends early": (spoil("walk.avi", lambda d: d[: len(d) // 2]), WALK, "walk.avi: cut short or damaged"),
    "corrupt frame": (spoil("walk.avi", unreadable_middle), WALK, "walk.avi: "),
    "mixed sizes": (other_size, ("frames", *COMMON), "frames/00004.png: is 96x32, but the first frame is 96x64"),
    "a non-image": (spoil("frames/a.txt", b"x"), ("frames", *COMMON), "frames/a.txt: not an image"),
    "a broken image": (
        spoil("frames/00005.png", lambda d: d[:99]),
        ("frames", *COMMON),
        "frames/00005.png: cannot be read as an image",
    ),
    "no frames": (lambda place: (place / "none").mkdir(), ("none", *COMMON), "none: no frames in this folder"),
    "no mask": (None, ("walk.avi", "--mask", "none.png", *MODEL), "none.png: no such mask"),
    "mask of another size": (
        image("bad.png", np.ones((96, 64), np.uint8)),
        ("walk.avi", "--mask", "bad.png", *MODEL),
        "bad.png: is 64x96, but its frame is 96x64",
    ),
    "mask without object": (
        image("bad.png", np.zeros(SIZE, np.uint8)),
        ("walk.avi", "--mask", "bad.png", *MODEL),
        "bad.png: holds no object",
    ),
    "mask of many objects": (
        many_objects,
        ("walk.avi", "--mask", "bad.png", *MODEL),
        f"bad.png: {MAX_OBJECTS + 1} objects, but at most {MAX_OBJECTS}",
    ),
    "mask of three channels": (
        image("bad.png", np.full((*SIZE, 3), (0, 0, 255), np.uint8)),
        ("walk.avi", "--mask", "bad.png", *MODEL),
        "bad.png: a mask is an 8-bit image of one channel",
    ),
    "box outside": (None, ("walk.avi", "--box", "96,0,5,5", *MODEL), "box 96,0,5,5: covers no pixel"),
    "box of zero area": (None, ("walk.avi", "--box", "9,9,0,5", *MODEL), "box 9,9,0,5: has no area"),
    "box of words": (None, ("walk.avi", "--box", "left", *MODEL), "argument --box: expected X,Y,W,H"),
    "box of three numbers": (None, ("walk.avi", "--box", "1,2,3", *MODEL), "argument --box: expected X,Y,W,H"),
    "box that is not finite": (None, ("walk.avi", "--box", "0,0,inf,3", *MODEL), "finite"),
    "mask and box": (None, (*WALK, "--box", BOX), "not allowed with argument"),
    "neither": (None, ("walk.avi", *MODEL), "give the objects in the first frame: --mask FIRST.png, or --box X,Y,W,H"),
    "a stream that nobody sends": (
        None,
        ("rtsp://me:secret@127.0.0.1:9/1", *COMMON),
        "error: rtsp://127.0.0.1:9/1: cannot be read as a video: is the address right",
    ),
    "a pattern of nothing": (None, ("frames/%06d.png", *COMMON), "frames/%06d.png: no file is named so"),
    "a pattern with a gap": (
        lambda place: (place / "frames/00004.png").unlink(),
        ("frames/%05d.png", *COMMON),
        "frames/00004.png: is missing between the other frames",
    ),
    "two sources, one overlay": (
        None,
        ("walk.avi", "frames", *COMMON, "--overlay", "a.mp4"),
        "--overlay a.mp4: several sources would share it: --overlay '{name}_a.mp4' for instance",
    ),
    "two sources of a name": (None, ("walk.avi", "./walk.avi", *COMMON), "./walk.avi: its results are called walk"),
    "the second source is none": (None, ("walk.avi", "none.avi", *COMMON), "none.avi: no such video file"),
    "format of another kind": (None, (*WALK, "--format", "voc"), "argument --format: invalid choice: 'voc'"),
    "coco in a folder": (None, (*WALK, "--format", "coco", "--out", "a"), "--out a: coco is a file named *.json"),
    "yolo where other files are": (
        None,
        (*WALK, "--format", "yolo", "--out", "frames"),
        "frames: holds 00000.png, which would be lost",
    ),
    "labels that are there already": (
        touch("results/walk_cvat.xml"),
        (*WALK, "--format", "cvat"),
        "results/walk_cvat.xml: is there already",
    ),
    "a name for a PNG": (None, (*WALK, "--name", "1=car"), "--name: a PNG holds no names"),
    "a name of nothing": (None, (*WALK, "--format", "coco", "--name", "7=car"), "--name 7=car: there is no object 7"),
    "a name without a number": (
        None,
        (*WALK, "--name", "car"),
        "argument --name: expected ID=NAME, 1=car for instance",
    ),
    "cut-out of another kind": (
        None,
        (*WALK, "--cutout", "a.mp4"),
        "a.mp4: a cut-out without --background is a file named *.webm or *.mov",
    ),
    "cut-out on the masks": (None, (*WALK, "--out", "m", "--cutout", "m"), "--cutout m: is the place of --out m too"),
    "cut-out where other files are": (None, (*WALK, "--cutout", "frames"), "frames: holds 00000.png, which would be"),
    "background of no cut-out": (None, (*WALK, "--background", "blur"), "--background blur: say where the video goes"),
    "background of a transparent video": (
        None,
        (*WALK, "--cutout", "a.mov", "--background", "blur"),
        "a.mov: a cut-out with a background is a file named *.mp4 or *.webm",
    ),
    "background that is none": (
        None,
        (*WALK, "--cutout", "a.mp4", "--background", "#12"),
        "--background #12: a colour is written '#00ff00'",
    ),
    "background that is written": (
        image("beach.png", np.zeros((9, 9, 3), np.uint8)),
        (*WALK, "--cutout", "a.mp4", "--background", "beach.png", "--json", "beach.png"),
        "--json beach.png: is read as input",
    ),
    "mask saved as JPEG": (
        lambda place: Image.open(place / "first.png").convert("RGB").save(place / "bad.jpg"),
        ("walk.avi", "--mask", "bad.jpg", *MODEL),
        "bad.jpg: is a JPEG, which changes the ids of objects: save the mask as PNG",
    ),
    "no such model": (None, ("walk.avi", "--box", BOX, "--model", "gone.tflite"), "gone.tflite: no such model file"),
    "unknown model": (
        None,
        ("walk.avi", "--box", BOX, "--model", "best"),
        "best: no such model file, and no installed",
    ),
    "truncated model": (
        spoil(f"ttvos_{NAME}.tflite", lambda d: d[: len(d) // 2]),
        WALK,
        f"ttvos_{NAME}.tflite: the file is cut short or damaged",
    ),
    "not TFLite": (spoil(f"ttvos_{NAME}.tflite", b"text" * 99), WALK, "not a TFLite file"),
    "no threads": (None, (*WALK, "--threads", "0"), "threads must be at least 1"),
    "words for threads": (None, (*WALK, "--threads", "two"), "argument --threads: invalid int value"),
    "unknown runtime": (None, (*WALK, "--runtime", "onnx"), "argument --runtime: invalid choice"),
    "out below a file": (None, (*WALK, "--out", "first.png/masks"), "first.png/masks: cannot be written"),
    "out is a file": (
        lambda place: (place / "a.txt").write_text("x"),
        (*WALK, "--out", "a.txt"),
        "a.txt: is a file, a folder is needed",
    ),
    "out is an input": (None, (*WALK, "--out", "first.png"), "--out first.png: is read as input"),
    "out holds other files": (None, (*WALK, "--out", "frames"), "frames: holds 00000.png, which would be lost"),
    "out holds the inputs": (None, (*WALK, "--out", "."), "--out .: holds an input"),
    "overlay of another kind": (None, (*WALK, "--overlay", "a.avi"), "a.avi: an overlay is a file named *.mp4"),
    "overlay below a file": (None, (*WALK, "--overlay", "first.png/a.mp4"), "first.png/a.mp4: cannot be written"),
    "overlay on the source": (
        lambda place: os.rename(place / "walk.avi", place / "walk.mp4"),
        ("walk.mp4", *COMMON, "--overlay", "./walk.mp4"),
        "--overlay walk.mp4: is read as input",
    ),
    "overlay among the masks": (None, (*WALK, "--out", "m", "--overlay", "m/a.mp4"), "--overlay m/a.mp4: lies in m"),
    "json on the mask": (None, (*WALK, "--json", "first.png"), "--json first.png: is read as input"),
    "json is a folder": (None, (*WALK, "--json", "frames"), "frames: is a folder"),
    "unknown option": (None, (*WALK, "--fast"), "unrecognized arguments: --fast (see ttvos segment --help)"),
    "unknown option before what is missing": (
        None,
        ("--point", "3,4"),
        "unrecognized arguments: --point",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(place, capsys, case):
    prepare, arguments, message = BAD[case]
    if prepare:
        prepare(place)
    before, folders = content(place), sorted(place.rglob("*"))
    assert ttvos("segment", *arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("ttvos: error: ") and said.err.count("\n") == 1 and message in said.err
    assert said.out == ""
    assert content(place) == before and sorted(place.rglob("*")) == folders


@pytest.mark.parametrize("case", ["ends early", "corrupt frame", "not a video", "truncated model", "box of words"])
def test_as_a_process_too(place, case):
    """The same seen from outside, where OpenCV and the runtime could print lines of their own."""
    prepare, arguments, message = BAD[case]
    if prepare:
        prepare(place)
    command = [sys.executable, "-m", "ttvos_tf", "segment", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) == 1 and lines[0].startswith("ttvos: error: ") and message in lines[0]


def test_a_full_disk_is_one_line_too(place, capsys, monkeypatch):
    def full(path, labels, source):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(masks, "write_mask", full)
    before = content(place)
    assert ttvos("segment", *WALK, "--overlay", "a.mp4") == 2
    error = capsys.readouterr().err
    assert error == "ttvos: error: results/walk: cannot be written (No space left on device)\n"
    assert content(place) == before


def test_ctrl_c_leaves_nothing(place, capsys, monkeypatch):
    def interrupt(self, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(segment.Tracker, "step", interrupt)
    monkeypatch.setattr(resume, "SECONDS", 600.0)  # what takes longer is kept: tests/commands/test_resume.py
    before = content(place)
    assert ttvos("segment", *WALK, "--overlay", "a.mp4", "--json", "a.json") == 130
    assert capsys.readouterr().err == "ttvos: error: interrupted\n"
    assert content(place) == before


def test_ctrl_c_ends_a_camera_and_keeps_what_it_saw(place, monkeypatch):
    class Camera:
        fps, count, live, times, sound, files = 20.0, None, True, None, None, ()

        def __iter__(self):
            for index in itertools.count():
                yield f"{index:05d}", clip(1)[0][0]
                if index == 4:
                    os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(segment, "open_source", lambda source: Camera())
    handler = signal.getsignal(signal.SIGINT)
    assert ttvos("segment", "0", "--box", BOX, *MODEL, "--overlay", "a.webm", "--json", "a.json") == 0
    report = json.loads((place / "a.json").read_text())
    assert 5 <= report["frames"] <= 16 and report["out"] == "results/camera0"
    assert len(os.listdir(place / "results/camera0")) == open_source(place / "a.webm").count == report["frames"]
    assert signal.getsignal(signal.SIGINT) == handler


def test_the_default_model(place, monkeypatch, capsys):
    monkeypatch.setattr(segment, "default_name", lambda: f"ttvos_{NAME}.tflite")
    assert ttvos("segment", "walk.avi", "--box", BOX) == 0
    assert NAME in capsys.readouterr().out


def test_models_are_listed(tmp_path, monkeypatch, capsys):
    import hashlib

    manifest = {"default": "a_64x96_int8"}
    for name in ("a_64x96_int8", "b_64x96_int8", "c_64x96_int8"):
        (tmp_path / f"ttvos_{name}.tflite").write_bytes(bytes(1_500_000))
        digest = hashlib.sha256(bytes(1_500_000)).hexdigest()
        manifest[name] = {"file": f"ttvos_{name}.tflite", "sha256": digest, "size_bytes": 1_500_000, "inside": True}
    (tmp_path / "models.json").write_text(json.dumps(manifest))
    (tmp_path / "ttvos_b_64x96_int8.tflite").write_bytes(b"")
    monkeypatch.setattr(installed, "_manifest", lambda folder: manifest)
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    assert ttvos("models") == 0
    first, second, third, *note = capsys.readouterr().out.splitlines()
    assert "non-commercial" in note[1] and "Apache-2.0" in note[1]
    assert first.split() == ["a_64x96_int8", "1.5", "MB", "default,", "inside"]
    assert second.split()[:4] == ["b_64x96_int8", "1.5", "MB", "broken:"]
    assert third.split() == ["c_64x96_int8", "1.5", "MB", "inside"]


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_every_example_in_help_is_a_command_that_works(command, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"] if command else ["--help"])
    assert left.value.code == 0
    examples = list(shell_commands(capsys.readouterr().out.partition("examples:")[2]))
    assert examples
    for _, name, *options in examples:
        if name == "COMMAND":
            continue
        assert command in ("", name)
        model = getattr(cli.parser(name).parse_args([name, *options]), "model", None)
        assert model in (None, *BACKBONES) or model.endswith(".tflite") or find_model(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND (see ttvos --help)"),
        (["fly"], "argument COMMAND: invalid choice: 'fly'"),
        (["segment"], "required: SOURCE (see ttvos segment --help)"),
        (["benchmark", "none.tflite"], "none.tflite: no such model file"),
        (["info", "none.tflite"], "none.tflite: no such model file"),
        (["evaluate", "--davis", "none", "--model", "none.tflite"], "none"),
    ],
)
def test_bad_command_lines(arguments, message, capsys):
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("ttvos: error: ") and error.count("\n") == 1 and message in error


def test_segment_imports_nothing_heavy():
    script = (
        "import sys; from ttvos_tf import cli; "
        "cli.main(['segment', 'none.avi', '--box', '1,1,1,1']); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    modules = done.stdout.split()
    assert "ttvos_tf.commands.segment" in modules
    others = {f"ttvos_tf.commands.{name}" for name in ("evaluate", "benchmark", "info", "models")}
    assert not {"tensorflow", "tf_keras", *others} & set(modules)


def test_numpy_keeps_off_the_cores_of_the_network():
    """Whoever starts the program may still say otherwise."""
    script = "import os, ttvos_tf.cli; print(os.environ['OPENBLAS_NUM_THREADS'])"
    for given, expected in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")):
        environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | given
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == expected
