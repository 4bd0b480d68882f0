"""Things that pass in front of a target: a network learns to find it again only where it was hidden in training."""

import numpy as np

from ttvos_tf.data.augment import Window
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.motion import move
from ttvos_tf.data.scene import Sprite, cut_out
from ttvos_tf.data.texture import outline, shade, surface
from ttvos_tf.media.sizes import size_of


def sample_occluder(rng: np.random.Generator, box: Window, spec: ClipSpec) -> Sprite:
    """A post, wall or other thing that moves over the whole of a target, from beside it to its other side.

    Args:
        rng: the generator.
        box: of the target in the first frame, which the occluder leaves uncovered.
        spec: of the clip.

    Returns:
        A sprite in the pixels of the frame, with the label 0. Posts are as long as the frame; all are a tenth to twice
        the target's extent thick, along the way that they go, and most are past it before the clip ends: about half of
        the targets hidden whole are seen again.
    """
    across = rng.random() < 0.8
    extent, offset = (box.width, box.x) if across else (box.height, box.y)
    thickness = int(np.clip(rng.uniform(0.1, 2.0) * extent, 4, 0.4 * spec.width))
    is_post = rng.random() < 0.7
    if is_post:
        length = round(1.2 * (spec.height if across else spec.width))  # reaches out of the frame though it leans
        mask = np.full((length, thickness) if across else (thickness, length), 255, np.uint8)
    else:
        mask = outline(rng, max(8, round(1.5 * thickness)))  # an outline fills about two thirds of its square
    picture = cut_out(shade(surface(rng, *size_of(mask)), mask), mask)

    # At `start` the leading edge reaches the target; `duration` frames later the trailing edge leaves it.
    start, duration = rng.uniform(0, 0.3) * spec.length, rng.uniform(0.4, 1.0) * spec.length
    height, width = picture.shape[:2]
    size = width if across else height
    place = offset - size + (np.arange(spec.length) - start) / duration * (extent + size)
    if rng.random() < 0.5:
        place = 2 * offset + extent - size - place  # from the other side
    beside = np.full(spec.length, box.y + (box.height - height) / 2 if across else box.x + (box.width - width) / 2)
    if is_post:
        beside[:] = (spec.height - height) / 2 if across else (spec.width - width) / 2
    shift = np.stack([place, beside] if across else [beside, place], axis=-1)
    return Sprite(picture, move(shift, angle=rng.normal(0, 0.05), center=(width / 2, height / 2)))
