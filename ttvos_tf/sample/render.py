r"""The bundled sample clip: a car on a country road and a balloon, drawn by this module.

    python -m ttvos_tf.sample.render        # draws sample/sample.mp4 and sample/first_mask.png again

The car (1) comes nearer, passes behind a lamp post and goes on; the balloon (2) drifts behind the same post.
"""

from pathlib import Path

import cv2
import numpy as np

from ttvos_tf.data import scene
from ttvos_tf.data.motion import move, translation
from ttvos_tf.data.texture import blend, noise
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.media.images import write_mask

VIDEO = Path(__file__).parent / "sample.mp4"
FIRST_MASK = Path(__file__).parent / "first_mask.png"

LENGTH, HEIGHT, WIDTH, FPS = 80, 480, 854, 25
CAR, BALLOON = 1, 2

_FINE = 4  # pictures are drawn this many times larger, then averaged: smooth edges
_HORIZON, _PAN = 225, 7.0  # row of the horizon; pixels a frame that the road passes by at the height of the car


def render() -> tuple[np.ndarray, np.ndarray]:
    """Draws the clip; always the same.

    Returns:
        frames uint8 (80, 480, 854, 3) RGB, and labels uint8 (80, 480, 854): 0, CAR or BALLOON.
    """
    rng = np.random.default_rng(7)
    time = np.arange(LENGTH)
    sprites = [*_landscape(rng, time), _balloon(rng, time), _ground(rng, time), *_car(rng, time), _lamp_post(rng, time)]
    # A hand-held camera: it sways by a few pixels.
    sway = _points(3 * np.sin(time / 9) + 1.5 * np.sin(time / 4), 2 * np.sin(time / 7 + 1))
    camera = move(sway, 1.03, 0.004 * np.sin(time / 11), (WIDTH / 2, HEIGHT / 2))
    return scene.render(sprites, camera, HEIGHT, WIDTH)


def _points(x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def _rgb(text: str) -> np.ndarray:
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.float32)


def _ramp(*colors: str, amount: np.ndarray) -> np.ndarray:
    return blend([_rgb(color) for color in colors], np.clip(amount, 0, 1))


def _rows(height: int, width: int) -> np.ndarray:
    """0 at the top to 1 at the bottom: float32 (height, width)."""
    return np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, axis=1)


class _Paper:
    """A picture that is drawn on in unit coordinates: y from 0 to 1, x from 0 to width / height."""

    def __init__(self, height: int, width: int):
        self.size = height * _FINE, width * _FINE
        self.image = np.zeros((*self.size, 3), np.uint8)
        self.alpha = np.zeros(self.size, np.uint8)

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit coordinates x and y of every pixel."""
        y, x = np.mgrid[: self.size[0], : self.size[1]] / self.size[0]
        return x, y

    def polygon(self, points: list[tuple[float, float]], fill: np.ndarray | str) -> None:
        """Fills a polygon with a colour or with an image of the paper's size."""
        mask = np.zeros(self.size, np.uint8)
        corners = np.round(np.array(points) * self.size[0] * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], (255,), shift=4)
        inside = mask > 0
        self.image[inside] = _rgb(fill).astype(np.uint8) if isinstance(fill, str) else fill[inside]
        self.alpha[inside] = 255

    def disc(self, x: float, y: float, radius: float, fill: np.ndarray | str, squash: float = 1.0) -> None:
        """Fills a circle, or an ellipse `squash` times as high as wide."""
        turns = np.linspace(0, 2 * np.pi, 60)
        self.polygon([(x + radius * np.cos(a), y + squash * radius * np.sin(a)) for a in turns], fill)

    def picture(self) -> np.ndarray:
        """What was drawn, for a sprite: uint8 (height, width, 4)."""
        # The colour spreads a little beyond the outline, or its edge would fade into black.
        hidden = self.alpha == 0
        self.image[hidden] = cv2.dilate(self.image, np.ones((4 * _FINE + 1, 4 * _FINE + 1), np.uint8))[hidden]
        size = self.size[1] // _FINE, self.size[0] // _FINE
        return np.dstack([cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (self.image, self.alpha)])


def _ridge(rng: np.random.Generator, height: int, width: int, roughness: int) -> np.ndarray:
    """A skyline: uint8 mask (height, width), 255 below it."""
    profile = 0.75 * height * noise(rng, 4, width, coarsest=width / roughness / 4, octaves=6)[0]
    return np.where(np.arange(height)[:, None] >= height * 0.8 - profile, 255, 0).astype(np.uint8)


def _landscape(rng: np.random.Generator, time: np.ndarray) -> list[scene.Sprite]:
    wide = WIDTH + 400
    clouds = np.clip(1.7 * noise(rng, HEIGHT, wide, 0.45, octaves=7) - 0.75, 0, 1) * (1 - 0.5 * _rows(HEIGHT, wide))
    sky = _ramp("4f86c0", "9cc3e2", "d9e6ea", amount=1.6 * _rows(HEIGHT, wide)).astype(np.float32)
    sky += clouds[..., None] * (250 - sky)
    sprites = [scene.Sprite(sky.astype(np.uint8), move(_points(-20 - 0.15 * time, 0.0)))]
    for colors, height, roughness, speed in (
        (("5c7186", "8195a3", "a9b6ba"), 150, 6, 0.08),
        (("3f5a35", "5d7a45", "8b9a5e"), 90, 9, 0.25),
    ):
        mask = _ridge(rng, height, wide, roughness)
        lit = 0.7 * noise(rng, height, wide, 0.4, octaves=6) + 0.3 * _rows(height, wide)
        picture = np.dstack([_ramp(*colors, amount=lit), cv2.GaussianBlur(mask, (3, 3), 0)])
        sprites.append(scene.Sprite(picture, move(_points(-60 - speed * _PAN * time, _HORIZON + 12 - height))))
    return sprites


def _balloon(rng: np.random.Generator, time: np.ndarray) -> scene.Sprite:
    paper = _Paper(130, 110)
    x, y = paper.grid()
    across = np.clip((x - 0.42) / np.sqrt(np.clip(0.36**2 - (y - 0.4) ** 2, 0.01, None)), -1, 1)
    gores = np.floor(np.arcsin(across) / np.pi * 9 + 0.5).astype(int) % 3
    light = 0.62 + 0.4 * np.sqrt(1 - np.clip(across + 0.35, -1, 1) ** 2) - 0.3 * np.clip(y - 0.3, 0, 1)
    light += 0.08 * (noise(rng, *paper.size, 0.2) - 0.5)
    cloth = cv2.convertScaleAbs(np.stack([_rgb("b8402f"), _rgb("e3c274"), _rgb("2f4f6f")])[gores] * light[..., None])
    wicker = _ramp("4a3018", "8a6238", amount=2 * y - 1.3)
    paper.polygon([(0.53, 0.76), (0.54, 0.76), (0.48, 0.9), (0.47, 0.9)], "5a4a38")
    paper.polygon([(0.31, 0.76), (0.3, 0.76), (0.36, 0.9), (0.37, 0.9)], "5a4a38")
    paper.disc(0.42, 0.38, 0.36, cloth)
    paper.polygon([(0.12, 0.57), (0.72, 0.57), (0.54, 0.79), (0.3, 0.79)], cloth)
    paper.polygon([(0.35, 0.88), (0.49, 0.88), (0.475, 0.98), (0.365, 0.98)], wicker)
    drift = _points(545 - 2.2 * time, 48 + 10 * np.sin(time / 14))
    return scene.Sprite(paper.picture(), move(drift, 1 + 0.003 * time, 0.05 * np.sin(time / 10)), label=BALLOON)


def _ground(rng: np.random.Generator, time: np.ndarray) -> scene.Sprite:
    wide, high = WIDTH + 1500, HEIGHT - _HORIZON + 40
    nearness = _rows(high, wide)
    tufts = cv2.resize(noise(rng, high, wide // 3, 0.05, octaves=4), (wide, high))  # flattened as by perspective
    patches = noise(rng, high, wide, 0.25, octaves=5)
    image = _ramp("4d6a2c", "6f8a3c", "98a452", amount=0.1 + 0.55 * patches + 0.4 * tufts - 0.2 * nearness)
    verge = _ramp("8d7c58", "a8976f", amount=noise(rng, high, wide, 0.05, octaves=4))
    asphalt = _ramp("55555a", "77777a", amount=0.5 * noise(rng, high, wide, 0.1, octaves=6) + 0.4 * nearness)
    y = np.arange(high)[:, None] + 4 * noise(rng, 4, wide, coarsest=8.0, octaves=4)[0]
    for top, bottom, surface in ((94, 210, verge), (102, 200, asphalt)):
        inside = (y > top) & (y < bottom)
        image[inside] = surface[inside]
    image[(np.abs(y - 144) < 2) & (np.arange(wide) // 55 % 2 == 0)] = (205, 202, 190)
    edge = 2 + 10 * noise(rng, 4, wide, coarsest=12.0, octaves=6)[0]
    alpha = cv2.convertScaleAbs(255 * np.clip(np.arange(high)[:, None] - edge, 0, 1))
    # Nearer rows pass faster: a shear that grows with time. Row 170, where the car drives, passes at _PAN.
    poses = move(_points(-120 - 0.25 * _PAN * time, _HORIZON))
    poses[:, 0, 1] = -0.75 * _PAN / 170 * time
    return scene.Sprite(np.dstack([image, alpha]), poses)


def _car(rng: np.random.Generator, time: np.ndarray) -> list[scene.Sprite]:
    body, wheel, wheels = _car_body(rng), _wheel(), ((0.52, 0.76), (2.0, 0.76))
    # The car gains on the camera, comes nearer, falls back a little, and rocks on its springs.
    scale = 0.95 + 0.2 * (1 - np.cos(time / LENGTH * 1.6 * np.pi))
    at = move(_points(120 + 4.6 * time + 25 * np.sin(time / 16), 402 + 40 * (scale - 1) - 90 * scale), scale)
    rocking = move(_points(0.0, 0.8 * np.sin(time / 2.1)), 1.0, 0.008 * np.sin(time / 3.3), (115, 60))
    rolling = move(np.zeros((len(time), 2)), 1.0, 0.45 * time, (22, 22))
    shadow = np.zeros((60, 290, 4), np.uint8)
    cv2.ellipse(shadow, (145, 30), (118, 9), 0, 0, 360, (0, 0, 0, 120), -1)
    shadow[..., 3] = cv2.GaussianBlur(shadow[..., 3], (0, 0), 5)
    return [
        scene.Sprite(shadow, at @ translation(-30, 60)),  # its alpha is below one half: it labels nothing
        scene.Sprite(body, at @ rocking, label=CAR),
        *(scene.Sprite(wheel, at @ translation(90 * x - 22, 90 * y - 22) @ rolling, label=CAR) for x, y in wheels),
    ]


def _car_body(rng: np.random.Generator) -> np.ndarray:
    paper = _Paper(90, 230)
    x, y = paper.grid()
    crease = 0.12 * (np.abs(y - 0.5) < 0.02) + 0.06 * noise(rng, *paper.size, 0.3)
    paint = _ramp("d96a4a", "b8402c", "8a2a20", "5c1a18", amount=(y - 0.2) / 0.62 + crease)
    glass = _ramp("b6c9d2", "5f7684", "27343c", amount=(y - 0.08) / 0.3 + 0.25 * np.sin(9 * x + 6 * y))
    sill = _ramp("4a4a4c", "222224", amount=(y - 0.7) / 0.1)
    outline = [(0.05, 0.62), (0.06, 0.5), (0.1, 0.44), (0.42, 0.4), (0.74, 0.1), (0.86, 0.06), (1.4, 0.06), (1.52, 0.1)]
    outline += [(1.8, 0.38), (2.3, 0.44), (2.46, 0.52), (2.5, 0.66), (2.48, 0.78), (2.4, 0.82), (0.12, 0.82)]
    paper.polygon(outline, paint)
    paper.polygon([(0.56, 0.38), (0.79, 0.14), (1.08, 0.12), (1.08, 0.39)], glass)
    paper.polygon([(1.14, 0.12), (1.4, 0.13), (1.68, 0.39), (1.14, 0.39)], glass)
    paper.disc(1.26, 0.27, 0.075, "3a2a22", squash=1.2)  # the driver
    paper.polygon([(1.16, 0.39), (1.19, 0.34), (1.33, 0.34), (1.38, 0.39)], "26303a")
    paper.polygon([(1.1, 0.42), (1.115, 0.42), (1.115, 0.78), (1.1, 0.78)], "5a1c18")  # the edge of the door
    paper.polygon([(1.2, 0.5), (1.3, 0.5), (1.3, 0.52), (1.2, 0.52)], "d8d0c8")  # its handle
    paper.polygon([(2.3, 0.47), (2.42, 0.5), (2.45, 0.57), (2.3, 0.55)], "f0ead0")  # lights
    paper.polygon([(0.06, 0.47), (0.16, 0.46), (0.15, 0.55), (0.06, 0.56)], "7a1010")
    paper.polygon([(0.04, 0.72), (2.52, 0.72), (2.5, 0.79), (0.07, 0.79)], sill)
    paper.disc(0.52, 0.76, 0.24, "17171a")  # wheel arches
    paper.disc(2.0, 0.76, 0.24, "17171a")
    return paper.picture()


def _wheel() -> np.ndarray:
    paper = _Paper(44, 44)
    paper.disc(0.5, 0.5, 0.48, "1c1c1e")
    paper.disc(0.5, 0.5, 0.31, "8e9094")
    for angle in np.arange(5) * 2 * np.pi / 5:
        paper.disc(0.5 + 0.19 * np.cos(angle), 0.5 + 0.19 * np.sin(angle), 0.07, "3a3c40")
    paper.disc(0.5, 0.5, 0.06, "c8c8c8")
    return paper.picture()


def _lamp_post(rng: np.random.Generator, time: np.ndarray) -> scene.Sprite:
    paper = _Paper(520, 160)
    x, y = paper.grid()
    metal = _ramp("8a9096", "5b6268", "2f3438", amount=(x - 0.193) / 0.016 + 0.3 * noise(rng, *paper.size, 0.03))
    glow = _ramp("f4ecd0", "c9c0a0", amount=(y - 0.06) / 0.03)
    paper.polygon([(0.193, 0.98), (0.196, 0.05), (0.206, 0.05), (0.209, 0.98)], metal)
    paper.polygon([(0.187, 0.98), (0.19, 0.9), (0.212, 0.9), (0.215, 0.98)], metal)
    paper.polygon([(0.196, 0.05), (0.1, 0.052), (0.1, 0.06), (0.206, 0.062)], metal)
    paper.polygon([(0.06, 0.052), (0.12, 0.05), (0.12, 0.066), (0.06, 0.064)], metal)
    paper.polygon([(0.068, 0.064), (0.112, 0.066), (0.105, 0.075), (0.075, 0.075)], glow)
    return scene.Sprite(paper.picture(), move(_points(865 - 1.25 * _PAN * time, -15.0)))


def write(video: Path = VIDEO, first_mask: Path = FIRST_MASK) -> None:
    """Draws the clip and writes the video (MPEG-4, which every OpenCV wheel reads) and the first frame's mask.

    Args:
        video: an .mp4 file.
        first_mask: a paletted .png file; pixel values are labels.
    """
    frames, labels = render()
    with atomic_file(video) as partial:
        writer = cv2.VideoWriter(str(partial), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
        for frame in frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
    write_mask(first_mask, labels[0])


if __name__ == "__main__":
    write()
