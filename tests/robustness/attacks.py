"""Attacks on what is read: models, pictures, videos, texts, data sets, boxes, and things that are no files."""

import contextlib
import functools
import importlib
import io
import logging
import os
import random
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.clips import clip, write_frames, write_video
from tests.robustness import mutants
from tests.robustness.campaign import REFUSED, Failure, attack
from tests.runtime.tiny_file import tiny_model
from ttvos_tf.config import read_model_config
from ttvos_tf.data import davis, youtube_vos
from ttvos_tf.errors import TTVOSError
from ttvos_tf.evaluation.compare import read_scores
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.inputs import read_json, read_toml
from ttvos_tf.inspection import schema
from ttvos_tf.media.images import read_image, read_mask, source_of, write_mask
from ttvos_tf.media.native import FFMPEG, caught_stderr
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime.flatbuffer import verify
from ttvos_tf.runtime.installed import installed
from ttvos_tf.runtime.interpreter import MODULES, check_file
from ttvos_tf.runtime.objects import objects_in_boxes
from ttvos_tf.runtime.prompt_file import read_prompts
from ttvos_tf.training.settings import load_settings

RUNTIMES = [name for name in MODULES.values() if importlib.util.find_spec(name.split(".")[0])]
FRAMES = 6


@attack("damaged .tflite", aim="B")
def tflite(rng: random.Random, folder: Path) -> str:
    """What passes the check and the trial runs in this process too."""
    logging.disable()
    path = folder / "a.tflite"
    path.write_bytes(mutants.tflite(rng))
    module = importlib.import_module(rng.choice(RUNTIMES))
    check_file(path, module)
    with contextlib.redirect_stderr(io.StringIO()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a runtime prints of a file that it refuses
        try:
            interpreter = module.Interpreter(model_path=str(path), num_threads=1)
            for name in interpreter.get_signature_list():
                runner = interpreter.get_signature_runner(name)
                runner(
                    **{key: np.zeros(each["shape"], each["dtype"]) for key, each in runner.get_input_details().items()}
                )
        except Exception:  # TFLiteModel makes one line of it
            return REFUSED
    return "taken"


@attack("own .tflite with changed bytes", aim="A")
def own_tflite(rng: random.Random, folder: Path) -> str:
    """No byte changes unnoticed."""
    content = with_checksum(schema.pack(tiny_model()))
    changed = mutants.bytes_changed(content, rng)
    (folder / "a.tflite").write_bytes(changed)
    if verify(folder / "a.tflite").carried and changed != content:
        raise Failure("A", "a changed file passes its checksum")
    return "taken"


@attack("damaged PNG", aim="C")
def png(rng: random.Random, folder: Path) -> str:
    """As mask, as frame, and as what an output may replace."""
    path = folder / "a.png"
    path.write_bytes(mutants.png(rng))
    source_of(path)
    if rng.random() < 0.5:
        return _is_frame(read_image(path))
    mask = read_mask(path, any_image=rng.random() < 0.5)
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise Failure("A", f"a mask of {mask.dtype} {mask.shape}")
    return "taken"


@attack("damaged JPEG, BMP, TIFF, WebP, GIF, PPM", aim="C")
def picture(rng: random.Random, folder: Path) -> str:
    """As frame and as mask."""
    path = folder / "a.jpg"
    path.write_bytes(mutants.picture(rng, rng.choice(("JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM"))))
    if rng.random() < 0.5:
        read_mask(path, any_image=True)
        return "taken"
    return _is_frame(read_image(path))


def _is_frame(frame: np.ndarray) -> str:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise Failure("A", f"a frame of {frame.dtype} {frame.shape}")
    return "taken"


@attack("changed bytes in JPEG pixels", aim="A")
def jpeg_pixels(rng: random.Random, folder: Path) -> str:
    """Where libjpeg says something, the frame is refused; it says so on stderr, which counts as printed."""
    content = bytearray(_jpeg())
    scan = content.rindex(b"\xff\xda") + 14
    for _ in range(12):
        content[rng.randrange(scan, len(content) - 2)] ^= rng.randrange(1, 256)
    (folder / "a.jpg").write_bytes(content)
    return _is_frame(read_image(folder / "a.jpg"))


@functools.cache
def _jpeg() -> bytes:
    return cv2.imencode(".jpg", clip(1)[0][0])[1].tobytes()


@functools.cache
def _videos() -> dict[str, bytes]:
    found = {}
    with tempfile.TemporaryDirectory() as folder, caught_stderr(FFMPEG):
        for name, fourcc in {"a.avi": "MJPG", "a.mp4": "mp4v", "b.mp4": "vp09", "a.webm": "VP80"}.items():
            found[name] = write_video(Path(folder, name), clip(FRAMES)[0], fourcc).read_bytes()
    return found


@attack("damaged video", aim="A")
def video(rng: random.Random, folder: Path) -> str:
    """It is read whole or not at all."""
    name = rng.choice(list(_videos()))
    (folder / name).write_bytes(mutants.bytes_changed(_videos()[name], rng))
    source = open_source(folder / name)
    count = sum(1 for _ in source)
    if count != source.count:
        raise Failure("A", f"{name}: {count} frames of {source.count}")
    return "taken"


ENTRY = {"file": "a.tflite", "sha256": "0" * 64, "size_bytes": 1, "inside": True}
TEXTS = {
    "models.json": {"default": "net_64x96_int8", "net_64x96_int8": ENTRY},
    "prompts.json": {"prompts": [{"frame": 0, "mask": "a.png"}, {"frame": 4, "box": [1, 2, 3, 4], "object": 2}]},
    "scores.json": {"sequences": {"dog_1": {"J-Mean": 0.5, "F-Mean": 0.5}}},
    "meta.json": {"videos": {"dog": {"objects": {"1": {"frames": ["00000", "00005"]}}}}},
    "config.json": {"backbone": "mobilenet_v2", "past_masks": 1, "reach": 0.5, "short_term": True},
}
CONFIG = """init = "weights.npz"
[model]
backbone = "mobilenet_v2"
past_masks = 1
reach = 0.5
[train]
steps = 3
lengths = [2, 3]
learning_rate = 1e-3
[[data]]
kind = "synthetic"
weight = 1.0
[validation]
path = "DAVIS"
every = 10
"""


@attack("damaged JSON", aim="C")
def json_file(rng: random.Random, folder: Path) -> str:
    """Lists of models, prompts, scores, videos; configs."""
    name = rng.choice(list(TEXTS))
    (folder / name).write_bytes(mutants.json_text(TEXTS[name], rng))
    {
        "models.json": lambda path: installed(folder),
        "prompts.json": read_prompts,
        "scores.json": read_scores,
        "meta.json": lambda path: youtube_vos.sequences(folder),
        "config.json": read_model_config,
    }[name](folder / name)
    return "taken"


@attack("damaged TOML", aim="C")
def toml_file(rng: random.Random, folder: Path) -> str:
    """Configs of runs and of networks."""
    path = folder / "a.toml"
    path.write_bytes(mutants.toml_text(CONFIG, rng))
    (load_settings if rng.random() < 0.7 else read_model_config)(path)
    return "taken"


@attack("what is no file", aim="B")
def no_file(rng: random.Random, folder: Path) -> str:
    """Each reader, given a FIFO, a device, a link to itself, ..."""
    suffix = rng.choice((".png", ".avi", ".json", ".toml", ".tflite", ""))
    path = folder / f"a{suffix}"
    kind = rng.choice(("fifo", "loop", "folder", "nowhere", "/dev/zero", "/dev/full", "/dev/tty", "socket", "endless"))
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    elif kind == "endless":
        with path.open("wb") as file:
            file.truncate(1 << 42)
    else:
        path.symlink_to({"loop": path, "nowhere": folder / "none"}.get(kind, kind))
    read = rng.choice((read_image, read_mask, read_json, read_toml, verify, open_source, read_prompts, read_scores))
    try:
        read(path)
    except TTVOSError:
        source_of(path)
        return REFUSED
    raise Failure("A", f"{read.__name__} takes {kind}")


@attack("incomplete data set", aim="A")
def data_set(rng: random.Random, folder: Path) -> str:
    """A DAVIS folder in which one file is missing, doubled, cut, or none."""
    frames, masks = clip(4)
    images, annotations = folder / "JPEGImages/480p/dog", folder / "Annotations/480p/dog"
    write_frames(images, frames)
    for index, mask in enumerate(masks):
        write_mask(annotations / f"{index:05d}.png", mask)
    (folder / "ImageSets/2016").mkdir(parents=True)
    (folder / "ImageSets/2016/val.txt").write_text("dog\n")
    path = rng.choice(sorted([*images.iterdir(), *annotations.iterdir()]))
    change = rng.choice(("remove", "rename", "double", "cut", "fifo", "empty"))
    content = path.read_bytes()
    if change == "double" and path.parent == images:
        cv2.imwrite(str(path.with_suffix(".jpg")), frames[0])
    elif change == "cut":
        path.write_bytes(content[: rng.randrange(len(content) - 12)])
    elif change == "empty":
        path.write_bytes(b"")
    elif change == "rename":
        path.rename(path.with_name(f"x{path.name}"))
    else:
        path.unlink()
        if change == "fifo":
            os.mkfifo(path)
    (found,) = davis.sequences(folder, "val", "2016")
    for frame, mask in zip(found.frames, found.annotations, strict=True):
        read_mask(mask, read_image(frame, upright=False).shape[:2])
    raise Failure("A", f"{path.name} {change}: nobody noticed")


@attack("odd boxes", aim="C")
def boxes(rng: random.Random, folder: Path) -> str:
    """Values of any kind, in lists, tuples, dicts and arrays."""
    odd = (
        *mutants.VALUES,
        5,
        20.5,
        np.float32(3),
        np.int64(9),
        np.nan,
        np.inf,
        b"1",
        1j,
        object(),
        np.zeros(3),
        (1, 2, 3, 4),
    )
    values = [
        [
            rng.choice(odd) if rng.random() < 0.03 else rng.choice((1, 5, 9))
            for _ in range(rng.choice((3, 5)) if rng.random() < 0.03 else 4)
        ]
        for _ in range(rng.randint(0, 22))
    ]
    form = rng.choice((list, tuple, lambda each: dict(enumerate(each, 1)), np.array, iter, rng.choice, str))
    try:
        given = form(values)
    except (ValueError, IndexError, TypeError):  # NumPy makes no array of it
        given = values
    objects_in_boxes(given, (64, 96))
    return "taken"


@attack("good pictures", aim="D")
def good_picture(rng: random.Random, folder: Path) -> str:
    """Whole pictures of any kind, with data behind them, under any name."""
    size = rng.randint(16, 90), rng.randint(16, 90)
    picture = np.random.default_rng(rng.randrange(99)).integers(0, 256, (*size, 3), np.uint8)
    kind, mode = rng.choice(
        (
            ("JPEG", "RGB"),
            ("JPEG", "L"),
            ("JPEG", "CMYK"),
            ("PNG", "P"),
            ("PNG", "RGBA"),
            ("PNG", "1"),
            ("PNG", "I;16"),
            ("BMP", "RGB"),
            ("TIFF", "RGB"),
            ("WEBP", "RGB"),
            ("WEBP", "RGBA"),
        )
    )
    image = (
        Image.fromarray(picture[..., 0].astype(np.uint16) * 200)
        if mode == "I;16"
        else Image.fromarray(picture).convert(mode)
    )
    options = {
        "quality": rng.randint(5, 100),
        "progressive": rng.random() < 0.5,
        "restart_marker_blocks": rng.choice((0, 1, 7)),
    }
    written = io.BytesIO()
    image.save(written, kind, **(options if kind == "JPEG" else {}))
    behind = rng.choice((b"", bytes(5000), b"\xff\xda\xff\xd8ftypmp42", bytes(rng.randrange(256) for _ in range(99))))
    path = folder / os.fsdecode(_name(rng) + b".png")
    path.write_bytes(written.getvalue() + (behind if kind in ("JPEG", "PNG") else b""))
    return _taken(lambda: read_image(path).shape[:2] == size, f"{kind} {mode} {options} {behind[:9]!r} {path.name!r}")


@attack("good videos under odd names", aim="D")
def good_video(rng: random.Random, folder: Path) -> str:
    """Names that are addresses, patterns or no UTF-8."""
    suffix = rng.choice(list(_videos()))[1:]
    content = next(each for name, each in _videos().items() if name.endswith(suffix))
    path = folder / os.fsdecode(_name(rng) + suffix.encode())
    path.write_bytes(content)
    return _taken(lambda: len(list(open_source(path))) == FRAMES, repr(path.name))


def _taken(look: Callable[[], bool], what: str) -> str:
    try:
        right = look()
    except TTVOSError as error:
        raise Failure("D", f"{what}: {error}") from None
    if not right:
        raise Failure("A", f"{what}: read as something else")
    return "taken"


def _name(rng: random.Random) -> bytes:
    odd = (
        b"12:30",
        b"%05d",
        b"-i",
        b"concat:a|b",
        b"\xff\xfe",
        b"v\xe9",
        "ß☃".encode(),
        b"a b",
        b"'",
        b"\n",
        b"x" * 200,
        b"*?",
    )
    return rng.choice(odd) + bytes(rng.choice(b"abc123") for _ in range(3))


def prepare() -> None:
    """Makes what the tries share, before they are forked."""
    _jpeg()
    _videos()


prepare()
