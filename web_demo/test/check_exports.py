"""Compares what the page saved with Python's tracker on the same pixels: python check_exports.py OUT. A line each.

OUT/frames.rgb holds the frames as the browser decoded them; OUT/<case>.zip the masks; OUT/edited.u8 the labels of the
frame in which a mask was painted. The videos and the COCO file are of the case `two_boxes`.
"""

import io
import json
import platform
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco

from ttvos_tf.media.images import davis_palette, read_mask
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime import Tracker

OUT = Path(sys.argv[1])
SIZE = (480, 854)
MODEL = "mobilenet_v2_240x432_int8"
BOXES = [(111, 320, 226, 91), (553, 42, 104, 138)]
LATE_BOX = (313, 300, 310, 130)  # of the car in the last frame
EDITED = 20
# Several objects are joined by exponentials, whose last bit NumPy and the browser round in their own ways: where two
# objects are as probable as one another, either may win.
TIE = 1e-3
# Another processor adds in another order all along.
SAME_PROCESSOR, LEAST_IOU = platform.machine() == "x86_64", 0.98

Tracked = tuple[np.ndarray, np.ndarray]
"""Labels (T, H, W), and by how much the most probable one leads."""


def main() -> None:
    """Checks all; an AssertionError names what is wrong."""
    frames = np.fromfile(OUT / "frames.rgb", np.uint8).reshape(-1, *SIZE, 3)
    given = OUT / "input"
    two_masks, one_mask = read_mask(given / "first_mask.png"), read_mask(given / "one_mask.png")
    masks = {
        "two_boxes": tracked(frames, boxes=BOXES),
        "one_box": tracked(frames, boxes=BOXES[:1]),
        "two_masks": tracked(frames, mask=two_masks),
        "one_mask": tracked(frames, mask=one_mask),
        "backwards": tuple(part[::-1] for part in tracked(frames[::-1], boxes=[LATE_BOX])),
    }
    edited = np.fromfile(OUT / "edited.u8", np.uint8).reshape(SIZE)
    assert (edited != masks["two_masks"][0][EDITED]).sum() > 500, "nothing was painted"
    again = tracked(frames[EDITED:], mask=edited)
    masks["corrected"] = tuple(np.concatenate([a[:EDITED], b]) for a, b in zip(masks["two_masks"], again, strict=True))
    for case, expected in masks.items():
        compare(case, expected, read_zip(case))
    same_files_as_the_command(frames)
    video_of_objects(frames, read_zip("two_boxes"))
    coco_file(read_zip("two_boxes"))


def tracked(frames: np.ndarray, **given: object) -> Tracked:
    """What Python's tracker makes of it."""
    tracker = Tracker(MODEL)
    labels, leads = [], []
    for i, frame in enumerate(map(np.ascontiguousarray, frames)):
        labels.append(tracker.step(frame) if i else tracker.start(frame, **given))
        second, first = np.sort(tracker.probabilities, axis=0)[-2:]
        leads.append(np.float16(first - second))
    return np.stack(labels), np.stack(leads)


def read_zip(case: str) -> np.ndarray:
    """The masks of a ZIP, which must be what `ttvos segment` writes: names, mode, palette, who wrote it."""
    names = [f"{name}.png" for name, _ in open_source(OUT / "input" / "clip40.webm")]
    with zipfile.ZipFile(OUT / f"{case}.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == names, case
        images = [Image.open(io.BytesIO(archive.read(name))) for name in names]
    for image in images:
        assert image.mode == "P" and image.info["Software"] == "ttvos"
        assert np.array_equal(np.array(image.getpalette()).reshape(-1, 3), davis_palette())
    return np.stack([np.asarray(image) for image in images])


def same_files_as_the_command(frames: np.ndarray) -> None:
    """`ttvos segment` on the same pixels: names, sizes and bytes of its masks."""
    with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(OUT / "two_boxes.zip") as archive:
        folder, masks = Path(work, "frames"), Path(work, "masks")
        folder.mkdir()
        for i, frame in enumerate(frames):
            Image.fromarray(frame).save(folder / f"{i:05d}.png", compress_level=1)
        given = [word for box in BOXES for word in ("--box", ",".join(map(str, box)))]
        command = [sys.executable, "-m", "ttvos_tf", "segment", folder, *given, "--model", MODEL, "--out", masks]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        assert sorted(file.name for file in masks.iterdir()) == archive.namelist()
        # It also notes what they are masks of, which the page does not know.
        pairs = [([c for c in chunks(masks.joinpath(name).read_bytes()) if not c.startswith(b"tEXtSource")],
                  chunks(archive.read(name))) for name in archive.namelist()]  # fmt: skip
    equal = sum(a == b for a, b in pairs)
    print(f"ttvos segment: the files of {equal} of {len(pairs)} frames are the same, byte for byte")
    if SAME_PROCESSOR:
        assert all(inflated(a) == inflated(b) for a, b in pairs)


def chunks(png: bytes) -> list[bytes]:
    """The parts of a PNG file, each as its type and content."""
    parts, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        parts.append(png[at + 4 : at + 8 + length])
        at += 12 + length
    return parts


def inflated(parts: list[bytes]) -> list[bytes]:
    """With the pixels as they were before deflation, of which there are several kinds."""
    return [zlib.decompress(part[4:]) if part.startswith(b"IDAT") else part for part in parts]


def compare(case: str, tracked: Tracked, found: np.ndarray) -> None:
    """Every object in every frame."""
    expected, lead = tracked
    assert found.shape == expected.shape, case
    ids = np.unique(expected)
    assert np.unique(found).tolist() == ids.tolist(), case
    least = min(iou(a == k, b == k) for k in ids[1:] for a, b in zip(expected, found, strict=True))
    equal = sum(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    differ = found != expected
    print(f"{case}: {equal} of {len(found)} frames are Python's; {differ.sum()} pixels differ, IoU {least:.6f}")
    assert least >= LEAST_IOU, case
    if SAME_PROCESSOR:
        assert not differ.any() if len(ids) == 2 else (lead[differ] < TIE).all(), (case, lead[differ])


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Of two empty masks 1."""
    return (a & b).sum() / either if (either := (a | b).sum()) else 1.0


def decoded(name: str, pixel_format: str, channels: int, *codec: str) -> np.ndarray:
    """A video's frames, decoded by ffmpeg."""
    command = ["ffmpeg", "-v", "error", *codec, "-i", str(OUT / name), "-f", "rawvideo", "-pix_fmt", pixel_format, "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, *SIZE, channels)


def video_of_objects(frames: np.ndarray, masks: np.ndarray) -> None:
    """Overlay, cut-out, blurred and coloured background: as many frames, and in them what they promise."""
    overlay, blur, colour = (decoded(f"{kind}.mp4", "rgb24", 3) for kind in ("overlay", "blur", "colour"))
    cutout = decoded("cutout.webm", "rgba", 4, "-c:v", "libvpx-vp9")
    for name, video in (("overlay", overlay), ("blur", blur), ("colour", colour), ("cutout", cutout)):
        assert len(video) == len(frames), f"{name}: {len(video)} frames"
    for i in range(1, len(frames), 6):
        # A margin, as lossy videos smear edges.
        objects, outside = inside(masks[i] > 0), inside(masks[i] == 0)
        assert error(overlay[i], frames[i], outside) < 4
        assert error(overlay[i], frames[i], objects) > 15
        red, green, _ = (overlay[i].astype(int) - frames[i])[inside(masks[i] == 1)].mean(0)
        assert red > green + 20  # the colour that was chosen
        assert error(colour[i], frames[i], objects) < 6 and error(blur[i], frames[i], objects) < 6
        assert error(colour[i], np.broadcast_to((18, 128, 92), frames[i].shape), outside) < 6
        blurred = cv2.GaussianBlur(frames[i], (0, 0), 14)
        assert error(blur[i], blurred, outside) < error(blur[i], frames[i], outside)
        assert error(cutout[i][..., :3], frames[i], objects) < 6
        assert iou(cutout[i][..., 3] > 127, masks[i] > 0) > 0.98
    print(f"videos: {len(frames)} frames each; overlay, blur, colour and transparency are where the masks are")


def inside(mask: np.ndarray) -> np.ndarray:
    """Without its edge."""
    return cv2.erode(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0


def error(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    """Mean absolute difference of pixels."""
    return float(np.abs(a[where].astype(int) - b[where].astype(int)).mean())


def coco_file(masks: np.ndarray) -> None:
    """Read by cocoapi itself."""
    content = json.loads((OUT / "coco.json").read_text())
    names = {image["id"]: i for i, image in enumerate(content["images"])}
    assert [image["file_name"] for image in content["images"]] == [f"{i:05d}.png" for i in range(len(masks))]
    assert [(each["id"], each["name"]) for each in content["categories"]] == [(1, "Car"), (2, "Object 2")]
    seen = set()
    for annotation in content["annotations"]:
        expected = masks[names[annotation["image_id"]]] == annotation["category_id"]
        runs = annotation["segmentation"] | {"counts": annotation["segmentation"]["counts"].encode()}
        assert np.array_equal(coco.decode(runs) > 0, expected)
        assert annotation["area"] == expected.sum() == coco.area(runs)
        assert annotation["bbox"] == coco.toBbox(runs).tolist()
        seen.add((names[annotation["image_id"]], annotation["category_id"]))
    assert seen == {(i, int(k)) for i, mask in enumerate(masks) for k in np.unique(mask)[1:]}
    print(f"COCO: {len(seen)} annotations, masks, areas and boxes as pycocotools reads them")


if __name__ == "__main__":
    main()
