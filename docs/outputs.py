"""Draws the pictures of outputs.md: runs the commands on the bundled clip, and shows what they wrote.

python docs/outputs.py
"""

import json
import os
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

from ttvos_tf import cli
from ttvos_tf.media.images import davis_palette, read_image, read_mask, write_mask
from ttvos_tf.media.sizes import Size, size_of
from ttvos_tf.media.video import open_source
from ttvos_tf.sample.render import BALLOON, CAR, FIRST_MASK, VIDEO, render

EARLIER, FRAME = 8, 20
HEIGHT = 120  # of a picture in pixels
OUT = Path(__file__).resolve().parent
CUT = f"{FRAME:05d}"


def main() -> None:
    """Runs the commands in an empty folder and writes the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        first = read_mask(FIRST_MASK)
        write_mask("car.png", np.where(first == CAR, first, 0))
        write_mask("later.png", render()[1][FRAME])
        for name, option in {"joins": [], "backward": ["--backward"]}.items():
            prompts = ("--mask", "car.png", "--mask", f"{FRAME}:{BALLOON}=later.png")
            segment(*prompts, "--out", "masks", "--overlay", f"{name}.mp4", *option)
            save(name, np.hstack([frame_of(f"{name}.mp4", index) for index in (EARLIER, FRAME)]))
        run("frame", str(VIDEO), "--at", str(FRAME), "--grid", "--out", "grid.png")
        save("grid", read_image("grid.png"))
        save("label", read_image(OUT / "labelling_tracking.webp"))
        save("app", read_image(OUT / "browser_wide.webp"))
        mask = ("--mask", str(FIRST_MASK))
        segment(*mask, "--out", "masks", "--overlay", "overlay.mp4", "--cutout", "cutout")
        frames = [frame for _, frame in open_source(VIDEO)]
        save("overlay", frame_of("overlay.mp4"))
        save("cutout", on_squares(np.asarray(Image.open(f"cutout/{CUT}.png"))))
        cv2.imwrite("beach.png", beach(size_of(frames[0]))[..., ::-1])
        for name, background in {"blur": "blur", "colour": "#00ff00", "image": "beach.png"}.items():
            segment(*mask, "--out", "masks", "--cutout", f"{name}.mp4", "--background", background)
            save(name, frame_of(f"{name}.mp4"))
        save("png", davis_palette()[read_mask(f"masks/{CUT}.png")])
        names = ("--name", "1=car", "--name", "2=balloon")
        for name, place in {"coco": "a.json", "yolo": "yolo", "labelme": "labelme", "cvat": "a.xml"}.items():
            segment(*mask, "--format", name, "--out", place, *names)
            save(name, DRAWINGS[name](frames[FRAME].copy()))


def segment(*options: str) -> None:
    """Tracks the bundled clip."""
    run("segment", str(VIDEO), "--model", "mobilenet_v2_240x432_int8", *options)


def run(*arguments: str) -> None:
    """`ttvos` with these arguments."""
    if cli.main(list(arguments)):
        raise SystemExit(1)


def frame_of(video: str, wanted: int = FRAME) -> np.ndarray:
    """One frame of a video."""
    return next(frame for index, (_, frame) in enumerate(open_source(video)) if index == wanted)


def on_squares(image: np.ndarray) -> np.ndarray:
    """RGBA on the grey squares that stand for nothing."""
    rows, columns = np.indices(image.shape[:2]) // 24
    squares = np.where((rows + columns) % 2, 255, 200).astype(np.uint8)[..., None].repeat(3, axis=2)
    opaque = image[..., 3].astype(np.float32) / 255
    return cv2.blendLinear(image[..., :3].copy(), squares, opaque, 1 - opaque)


def beach(size: Size) -> np.ndarray:
    """Sky, sea and sand."""
    height, width = size
    rows = np.linspace(0, 1, height)[:, None]
    sky, sea, sand = (np.array(colour) for colour in ((120, 190, 250), (30, 110, 170), (235, 210, 150)))
    column = np.where(rows < 0.4, sky, np.where(rows < 0.65, sea, sand))
    return np.broadcast_to(column[:, None], (height, width, 3)).astype(np.uint8)


def drawn(frame: np.ndarray, polygon: np.ndarray, object_id: int, name: str) -> np.ndarray:
    """A frame with a polygon, its corners and its name."""
    colour = davis_palette()[object_id].tolist()
    corners = np.asarray(polygon).astype(np.int32)
    cv2.polylines(frame, [corners], True, colour, 4, cv2.LINE_AA)
    for corner in corners[:: max(1, len(corners) // 24)]:
        cv2.circle(frame, corner.tolist(), 7, (255, 255, 255), -1)
    left, top = corners.min(axis=0).tolist()
    cv2.putText(frame, name, (left, max(top - 12, 40)), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 4)
    return frame


def coco(frame: np.ndarray) -> np.ndarray:
    """Boxes, categories and tracks."""
    content = json.loads(Path("a.json").read_text())
    names = {each["id"]: each["name"] for each in content["categories"]}
    for each in content["annotations"]:
        if each["image_id"] == FRAME + 1:
            left, top, width, height = each["bbox"]
            box = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
            drawn(frame, np.array(box), each["track_id"], f"{names[each['category_id']]} {each['track_id']}")
    return frame


def yolo(frame: np.ndarray) -> np.ndarray:
    """Polygons and classes."""
    frame = read_image(f"yolo/images/{CUT}.jpg")
    for line in Path(f"yolo/labels/{CUT}.txt").read_text().splitlines():
        index, *corners = line.split()
        polygon = np.array(corners, float).reshape(-1, 2) * frame.shape[1::-1]
        drawn(frame, polygon, int(index) + 1, f"class {index}")
    return frame


def labelme(frame: np.ndarray) -> np.ndarray:
    """Polygons and groups."""
    for shape in json.loads(Path(f"labelme/{CUT}.json").read_text())["shapes"]:
        drawn(frame, np.array(shape["points"]), shape["group_id"], f"{shape['label']} ({shape['group_id']})")
    return frame


def cvat(frame: np.ndarray) -> np.ndarray:
    """Polygons and tracks."""
    for object_id, track in enumerate(ElementTree.parse("a.xml").getroot().findall("track"), start=1):
        for shape in track.findall(f"polygon[@frame='{FRAME}'][@outside='0']"):
            points = np.array([pair.split(",") for pair in (shape.get("points") or "").split(";")], float)
            drawn(frame, points, object_id, f"{track.get('label')}, track {track.get('id')}")
    return frame


DRAWINGS = {"coco": coco, "yolo": yolo, "labelme": labelme, "cvat": cvat}


def save(name: str, picture: np.ndarray) -> None:
    """Writes a small picture."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (HEIGHT * width // height, HEIGHT), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(OUT / f"outputs_{name}.webp"), small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80])


if __name__ == "__main__":
    main()
