"""Sequences to choose networks by: rendered and composited, with exact masks and one known difficulty each.

A handful of real sequences cannot choose: one lost target moves their mean by points. Here every difficulty has several
sequences, and a comparison can say which of them a network is better at. All of this is ours, not the paper's.

A sequence is a function of (CHALLENGE_VERSION, seed, its name, the looks): each has a generator of its own, so that
another number of sequences, or another order, changes none of them. The version goes up when the same seed would give
other sequences. Composites are honest only for networks that never saw their stills: leave out of training what
`held_out` (held_out.py) tells.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.augment import Colors, bounding_box
from ttvos_tf.data.clip import Clip, ClipSpec
from ttvos_tf.data.looks import Looks
from ttvos_tf.data.scene import render
from ttvos_tf.data.stage import QUICK, SLOW, Scene, Stage, smooth_path, sway

CHALLENGE_VERSION = 1

LONGEST = 70  # frames
ASPECTS = (16 / 9, 16 / 9, 16 / 9, 4 / 3)
ATTEMPTS = 100
VARIANTS = 3  # of every difficulty


def sequence(name: str, difficulty: str, variant: int, looks: Looks, seed: int = 0, height: int = 480) -> Clip:
    """Renders one sequence.

    Args:
        name: names its generator, with the seed.
        difficulty: one of DIFFICULTIES.
        variant: which of its forms, see there; any number, it wraps around.
        looks: what things look like.
        seed: another seed, another sequence.
        height: of the frames; their width follows from one of ASPECTS.
    """
    rng = np.random.default_rng([CHALLENGE_VERSION, seed, zlib.crc32(name.encode())])
    length = int(rng.integers(DIFFICULTIES[difficulty].shortest, LONGEST + 1))
    spec = ClipSpec(length, height, 2 * round(height * rng.choice(ASPECTS) / 2))
    scene = compose(rng, difficulty, variant, looks, spec)
    frames, labels = render(scene.sprites, scene.camera, spec.height, spec.width, blurred=True)
    colors = Colors.random(rng, strength=0.4)
    grain = rng.normal(0, rng.uniform(1, 4), (height + 64, spec.width + 64, 3)).astype(np.int16)
    for frame, gains in zip(frames, scene.light, strict=True):
        y, x = rng.integers(0, 65, 2)
        lit = replace(colors, matrix=colors.matrix * gains[:, None])(frame)
        frame[:] = cv2.add(lit, grain[y : y + height, x : x + spec.width], dtype=cv2.CV_8U)
    return Clip(frames, (labels == TARGET).astype(np.uint8))


def compose(rng: np.random.Generator, difficulty: str, variant: int, looks: Looks, spec: ClipSpec) -> Scene:
    """Draws scenes of a difficulty until the first frame shows the target; see `sequence`."""
    for _ in range(ATTEMPTS):
        scene = DIFFICULTIES[difficulty].compose(Stage(rng, looks, spec), variant % VARIANTS)
        if scene.starts_in_sight(spec.height, spec.width):
            return scene
    raise AssertionError(f"{difficulty}: scenes show their target")


def scale_change(stage: Stage, variant: int) -> Scene:
    """The target comes three times nearer; goes away to 0.3; goes away, then comes nearer than it was."""
    rng, length = stage.rng, stage.spec.length
    size, steps = ((rng.uniform(0.17, 0.22), [1, 3]), (rng.uniform(0.5, 0.6), [1, 0.3]), (0.3, [1, 0.45, 2]))[variant]
    scale = np.exp(smooth_path(np.log(steps)[:, None], length)[:, 0])
    (thing,) = stage.looks.alike(rng, 1)
    path = stage.wander(3, 0.35, 0.65)
    return stage.scene(*stage.bystanders(2), *stage.actor(thing, size, path, TARGET, scale=scale))


def look_alikes(stage: Stage, variant: int) -> Scene:
    """Three to five of the target's kind: all stand still; all move and cross it; some of both."""
    rng, count = stage.rng, int(stage.rng.integers(3, 6))
    moving = ([False] * count, [True] * count, [index % 2 == 0 for index in range(count)])[variant]
    thing, *others = stage.looks.alike(rng, count + 1)
    size, path = rng.uniform(0.2, 0.3), stage.wander(4)
    alikes = stage.look_alikes(others, size, path, moving)
    behind = 2 * int(rng.integers(count - 2, count + 1))  # an actor is two sprites; at most two pass before the target
    return stage.scene(*alikes[:behind], *stage.actor(thing, size, path, TARGET), *alikes[behind:])


def occlusion(stage: Stage, variant: int) -> Scene:
    """A pillar hides a part for long; it hides all for a while; a wall hides all for long, and it returns elsewhere."""
    rng, spec = stage.rng, stage.spec
    (thing,) = stage.looks.alike(rng, 1)
    box = bounding_box(thing[1])
    per_size = spec.height * np.sqrt(box.width / box.height)  # width of the target at size 1
    size = min(rng.uniform(0.22, 0.32), 0.2 * spec.width / per_size)  # it fits beside a wall
    extent = size * per_size
    side = 1 if rng.random() < 0.5 else -1  # to the right, or to the left
    middle, time = spec.width / 2, np.arange(spec.length)
    if variant == 0:
        start, end = rng.uniform(0.3, 0.7, 2) * spec.height
        path = smooth_path(np.array([[middle, start], [middle, end]]), spec.length)
        # It comes from beside the target, then slides over it to and fro.
        slide = smooth_path(np.array([[0.95], [0.1], [-0.25], [0.25], [-0.2], [0.2]]), spec.length)
        place = middle + side * extent * slide[:, 0]
        cover = stage.screen(rng.uniform(0.35, 0.55) * extent, place)
    else:
        width = 1.25 * extent + 0.05 * spec.height if variant == 1 else max(1.4 * extent, 0.35 * spec.width)
        hidden = (width - extent) / 2
        first, last = rng.permutation((0.28, 0.72)) if variant == 2 else rng.uniform(0.4, 0.6, 2)
        away = width / 2 + 0.7 * extent
        share = 0.25 if variant == 1 else 0.4  # of the sequence, spent out of sight
        x = np.interp(time / (spec.length - 1), *_passage(away, hidden, share))
        y = spec.height * np.interp(x, [-hidden - 1e-3, hidden + 1e-3], [first, last])
        if variant == 2 and rng.random() < 0.5:
            x = -np.abs(x)  # it comes out on the side where it went in
        path, cover = np.stack([middle + side * x, y], axis=-1), stage.screen(width, middle)
    return stage.scene(*stage.bystanders(2), *stage.actor(thing, size, path, TARGET), cover, shake=0.03)


def drift(stage: Stage, variant: int) -> Scene:
    """Slow change: of the light; of the target's colours, angle and width; of all these."""
    rng, length = stage.rng, stage.spec.length
    (thing,) = stage.looks.alike(rng, 1)
    grow = smooth_path(np.array([[0.0], [1.0]]), length)
    changes: dict[str, np.ndarray] = {}
    if variant:
        sign = rng.choice((-1, 1))
        changes["tint"] = np.exp(grow * rng.uniform(-0.5, 0.3, 3))
        changes["angle"] = sign * rng.uniform(0.5, 1.2) * grow[:, 0]
        changes["squash"] = 1 - rng.uniform(0.35, 0.55) * grow[:, 0]
        changes["scale"] = 1 + rng.uniform(0.2, 0.6) * grow[:, 0]
    light = stage.dusk(0.9) if variant != 1 else 0.0
    body = stage.actor(thing, rng.uniform(0.28, 0.38), stage.wander(4, 0.3, 0.7), TARGET, **changes)
    return stage.scene(*stage.bystanders(3), *body, light=light)


def fast_motion(stage: Stage, variant: int) -> Scene:
    """Some 3 to 10 % of the height a frame: the target, from side to side; the camera; both."""
    rng, spec = stage.rng, stage.spec
    (thing,) = stage.looks.alike(rng, 1)
    path = stage.wander(3)
    if variant != 1:
        stops = spec.length // 9
        x = np.where(np.arange(stops) % 2, rng.uniform(0.15, 0.4, stops), rng.uniform(0.6, 0.85, stops))
        points = np.stack([x * spec.width, rng.uniform(0.2, 0.8, stops) * spec.height], axis=-1)
        path = smooth_path(points, spec.length)
    body = stage.actor(thing, rng.uniform(0.25, 0.38), path, TARGET)
    # Both at once, the camera does less, or the target would leave the frame.
    shake, periods = ((0.06, SLOW), (0.28, QUICK), (0.15, QUICK))[variant]
    return stage.scene(*stage.bystanders(2), *body, shake=shake, periods=periods)


def thin_parts(stage: Stage, variant: int) -> Scene:
    """A target with thin parts: alone; among other things; going away to half its size."""
    rng, length = stage.rng, stage.spec.length
    thing = stage.looks.thin(rng)
    scale = np.exp(smooth_path(np.log([[1.0], [0.5 if variant == 2 else 1.0]]), length)[:, 0])
    angle = 0.3 * sway(rng, length, ())
    body = stage.actor(thing, rng.uniform(0.4, 0.55), stage.wander(3, 0.35, 0.65), TARGET, scale=scale, angle=angle)
    return stage.scene(*stage.bystanders(3 * (variant > 0)), *body)


def several(stage: Stage, variant: int) -> Scene:
    """Look-alikes of both kinds, a scale change, a pillar that hides all, and changing light, at once."""
    rng, spec = stage.rng, stage.spec
    thing, *others = stage.looks.alike(rng, 4)
    size, steps = ((0.18, [1, 2]), (0.36, [1, 0.5]), (0.25, [1, 0.6, 1.5]))[variant]
    scale = np.exp(smooth_path(np.log(steps)[:, None], spec.length)[:, 0])
    y = rng.uniform(0.35, 0.65, 3)
    x = np.array([0.15, 0.5, 0.85])[:: rng.choice((-1, 1))]
    path = smooth_path(np.stack([x * spec.width, y * spec.height], axis=-1), spec.length)
    box = bounding_box(thing[1])
    width = 1.3 * size * scale[spec.length // 2] * spec.height * np.sqrt(box.width / box.height)
    alikes = stage.look_alikes(others, size, path, [True, True, False])
    body = stage.actor(thing, size, path, TARGET, scale=scale)
    cover = stage.screen(width, spec.width / 2)
    return stage.scene(*alikes, *body, cover, shake=0.12, light=stage.dusk(0.6))


@dataclass(frozen=True)
class Difficulty:
    """How its scenes are composed, in one of VARIANTS forms, and the frames of its shortest sequence."""

    compose: Callable[[Stage, int], Scene]
    shortest: int = 40


DIFFICULTIES = {
    "scale": Difficulty(scale_change),
    "lookalikes": Difficulty(look_alikes),
    "occlusion": Difficulty(occlusion),
    "drift": Difficulty(drift, shortest=60),
    "fast": Difficulty(fast_motion),
    "thin": Difficulty(thin_parts),
    "several": Difficulty(several),
}


def _passage(away: float, hidden: float, share: float) -> tuple[list[float], list[float]]:
    """Times (0 to 1) and places of a walk past a screen: seen, hidden for that share of the time, seen."""
    start, end = 0.5 - share / 2, 0.5 + share / 2
    return [0, start, end, 1], [-away, -hidden, hidden, away]
