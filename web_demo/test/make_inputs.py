"""Makes what the browser tests read: python make_inputs.py OUT. Needs ffmpeg.

input/  clip40.webm    the first 40 frames of the sample clip        long.webm     1040 small frames
        h264.mp4       10 frames in H.264                            mpeg4.mp4      10 frames that no browser plays
        huge.webm      frames that are too large                     images/        5 frames of it as PNG
        small.png, photo.png, cut.png    masks that are none of the clip
        first_mask.png, one_mask.png     masks of the clip's first frame: two objects, and one
        wrong_check.png                  masks that the self-check must not find
expected.json          what Python makes of pictures that are resampled and of objects' memories
"""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ttvos_tf.media.images import davis_palette, read_mask, write_mask
from ttvos_tf.runtime.letterbox import letterbox
from ttvos_tf.runtime.scores import recognize
from ttvos_tf.sample.render import FIRST_MASK

SAMPLE = Path(__file__).resolve().parent.parent / "public" / "sample" / "sample.webm"
SELF_CHECK = Path(__file__).resolve().parent.parent / "public" / "selfcheck"
# Source and model, (height, width): halved, shrunk by odd factors, grown, padded only, portrait.
SIZES = [((480, 854), (240, 432)), ((331, 517), (240, 432)), ((96, 128), (240, 432)), ((228, 410), (240, 432))]
SIZES += [((500, 281), (240, 432)), ((240, 427), (480, 864))]


def ffmpeg(*arguments: object) -> None:
    """Runs ffmpeg, which says something only if it fails."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def text(values: np.ndarray) -> str:
    """Its bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def resampled(rng: np.random.Generator, source: tuple[int, int], model: tuple[int, int]) -> dict:
    """A picture, a mask and a map, and what the tracker's letterbox makes of them."""
    placed = letterbox(source, model)
    frame = cv2.resize(rng.integers(0, 256, (source[0] // 8 + 1, source[1] // 8 + 1, 3), np.uint8), source[::-1])
    frame = cv2.add(frame, rng.integers(0, 30, frame.shape, np.uint8))
    mask = cv2.resize(rng.random((9, 9), np.float32), source[::-1]) > 0.5
    soft = cv2.resize(rng.random((30, 54), np.float32), model[::-1])
    return {
        "source": source,
        "model": model,
        "frame": text(frame),
        "mask": text(mask.astype(np.uint8)),
        "soft": text(soft),
        "frame_to_model": text(placed.frame_to_model(frame)),
        "mask_to_model": text(placed.mask_to_model(mask)),
        "map_to_source": text(placed.map_to_source(soft)),
    }


def remembered(rng: np.random.Generator, target: int) -> dict:
    """An object's memory, and what the runtime tells from it; `target` of its 24 places are the object's."""
    keys = rng.normal(size=(1, 48, 16))
    keys[0, 24:36] = keys[0, :12] + 0.3 * rng.normal(size=(12, 16))
    shares = rng.uniform(0, 0.04, (1, 48, 1)).astype(np.float32)
    shares[0, np.r_[:target, 24 : 24 + target]] = rng.uniform(0.3, 1, (2 * target, 1))
    if not target:
        shares[:] = 0
    state = {"state_memory_key": np.clip(30 * keys, -127, 127).astype(np.int8), "state_memory_mask": shares}
    known = recognize(state)
    assert known is not None
    expected = {"likeness": known.likeness, "distinct": known.distinct}
    return {"keys": text(state["state_memory_key"]), "shares": text(shares), **expected}


def main() -> None:
    """Makes all of it."""
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    given = out / "input"
    (given / "images").mkdir(parents=True)
    ffmpeg("-i", SAMPLE, "-frames:v", 40, "-c", "copy", given / "clip40.webm")
    ffmpeg("-stream_loop", 12, "-i", SAMPLE, "-vf", "scale=426:240", "-c:v", "libvpx-vp9", "-crf", 40, "-b:v", 0,
           "-cpu-used", 8, "-deadline", "realtime", given / "long.webm")  # fmt: skip
    ffmpeg("-i", SAMPLE, "-frames:v", 10, "-c:v", "libx264", "-preset", "veryfast", given / "h264.mp4")
    ffmpeg("-i", SAMPLE, "-frames:v", 10, "-c:v", "mpeg4", given / "mpeg4.mp4")
    ffmpeg("-f", "lavfi", "-i", "color=s=5120x2880:r=1:d=1", "-c:v", "libvpx", given / "huge.webm")
    ffmpeg("-i", SAMPLE, "-frames:v", 5, "-start_number", 8, given / "images" / "frame%d.png")
    mask = read_mask(FIRST_MASK)
    write_mask(given / "first_mask.png", mask)
    write_mask(given / "one_mask.png", np.where(mask == 1, mask, 0))
    Image.fromarray(mask[:200, :300]).save(given / "small.png")
    Image.fromarray(np.zeros((480, 854, 3), np.uint8)).save(given / "photo.png")
    (given / "cut.png").write_bytes((given / "first_mask.png").read_bytes()[:1200])
    Image.fromarray(np.roll(np.asarray(Image.open(SELF_CHECK / "given.png")), 40, 1)).save(given / "wrong_check.png")
    rng = np.random.default_rng(3)
    cases = [resampled(rng, *sizes) for sizes in SIZES]
    palette = davis_palette().ravel().tolist()
    memories = [remembered(rng, target) for target in (0, 1, 9, 20, 24)]
    (out / "expected.json").write_text(json.dumps({"cases": cases, "palette": palette, "memories": memories}))


if __name__ == "__main__":
    main()
