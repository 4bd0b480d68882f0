"""How training clips are varied: every probability and range, as values of a run's config and of its checkpoints.

Ours but for the boxes (Table 3, M): the paper says no more than that images are moved and deformed. Coins that are fair
because neither side is special, mirrored or not, before or behind, are not settings.
"""

from dataclasses import dataclass, fields

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import check_limits, limited

Range = tuple[float, float]  # lowest, highest

MOST_SHARES = 20


@dataclass(frozen=True)
class Augmentation:
    """What happens to how many clips; keys of a config's [train].

    Attributes:
        box_probability: share of clips whose first mask is replaced by its bounding box (Table 3, M).
        damage_probability: share of clips that go on from a previous mask with a mistake in it, and an exact template
            (first_masks.py).
        damage_shares: of the mistakes: a part lost, something else caught, the place missed.
        far_probability: share of clips whose first frame is far from the others in time, scale and place, as given
            frames are; the network then goes on from the second frame, whose mask is known too. Above 0, it does so in
            every clip.
        far_scales: of stills and rendered scenes, range of the first frame's magnification against the others.
        remember_shares: of clips whose memory takes in every frame, every second, every third, and none, with the masks
            that the network makes (network/memory.py).
        remember_known_probability: share of the clips that go on from a second known frame whose memory takes that in,
            with its mask, which may have a mistake.
        occluder_probability: share of clips in which something passes before the target (occluder.py); not of rendered
            ones, whose objects hide each other.
        paste_probability: share of the videos' clips with the object of another clip in them (copy_paste.py).
        same_video_probability: share of pasted objects from the same video: only their place tells which is meant.
        fast_probability: share of the videos' clips with strides of up to twice the usual ones.
        video_scales: size of the window that a video's clip shows; 1 is the largest.
        own_background_probability: share of the stills' clips with the target before its own image, painted over where
            it was; else before another image.
        own_scales, other_scales: size of the window of its own, or of another, image.
        sprite_scales: size of a thing in a frame: the square root of the share that its bounding box covers.
        zoom_probability: share of the stills' clips whose target grows or shrinks steadily.
        zoom_scales: range of its size in the last frame, relative to the first.
        own_scene_probability: share of the clips of stills with several objects that show these in their own picture;
            else before another one.
        mover_probability: share of the further objects of such a picture that move on their own.
        distractor_shares: of clips with none, one, two, ... further objects.
        twin_probability: share of further objects that are a second copy of the target.
        blur_probability: share of the clips of moving pictures with motion blur.
        color_strength: of a clip's change of colours; 0 is none.
        flicker: of the stills' clips, how fast the light changes, as a share a frame.
    """

    box_probability: float = limited(0.0, 0, 1)
    damage_probability: float = limited(0.0, 0, 1)
    damage_shares: tuple[float, ...] = (0.4, 0.4, 0.2)
    far_probability: float = limited(0.0, 0, 1)
    far_scales: Range = limited((0.5, 2.0), 0.01, 16)
    remember_shares: tuple[float, ...] = (0.3, 0.3, 0.2, 0.2)
    remember_known_probability: float = limited(0.5, 0, 1)
    occluder_probability: float = limited(0.3, 0, 1)
    paste_probability: float = limited(0.0, 0, 1)
    same_video_probability: float = limited(0.25, 0, 1)
    fast_probability: float = limited(0.2, 0, 1)
    video_scales: Range = limited((0.4, 1.0), 0.01, 1)
    own_background_probability: float = limited(0.5, 0, 1)
    own_scales: Range = limited((0.7, 1.0), 0.01, 1)
    other_scales: Range = limited((0.5, 1.0), 0.01, 1)
    sprite_scales: Range = limited((0.15, 0.7), 0.01, 1)
    zoom_probability: float = limited(0.0, 0, 1)
    zoom_scales: Range = limited((0.33, 3.0), 0.01, 16)
    own_scene_probability: float = limited(0.75, 0, 1)
    mover_probability: float = limited(0.4, 0, 1)
    distractor_shares: tuple[float, ...] = (0.5, 0.35, 0.15)
    twin_probability: float = limited(0.1, 0, 1)
    blur_probability: float = limited(0.2, 0, 1)
    color_strength: float = limited(1.0, 0, 10)
    flicker: float = limited(0.03, 0, 1)

    def __post_init__(self) -> None:
        check_limits(self, "train.")
        for name in (each.name for each in fields(Augmentation)):
            value = getattr(self, name)
            if name.endswith("_scales") and not (len(value) == 2 and 0 < value[0] <= value[1]):
                raise TTVOSError(f"train.{name} must be the lowest and the highest size, above 0, not {list(value)}")
            if name.endswith("_shares") and not (min(value, default=-1) >= 0 and np.isclose(sum(value), 1)):
                raise TTVOSError(f"train.{name} must be shares from 0 that add up to 1, not {list(value)}")
            if name.endswith("_shares") and len(value) > MOST_SHARES:
                raise TTVOSError(f"train.{name} must be at most {MOST_SHARES} shares, not {len(value)}")
        if len(self.damage_shares) != 3:
            raise TTVOSError(f"train.damage_shares must be three, one a mistake, not {list(self.damage_shares)}")

    @property
    def known_frames(self) -> int:
        """Frames at a clip's beginning whose masks the network knows: the given one, and the one it goes on from."""
        return 2 if self.far_probability else 1


DEFAULTS = Augmentation()


def happens(rng: np.random.Generator, probability: float) -> bool:
    """Draws whether something happens that is off by default.

    What never happens draws nothing: clips of settings without it stay as they were.
    """
    return probability > 0 and rng.random() < probability
