"""Copy-paste between videos (Ghiasi et al., "Simple Copy-Paste", 2021): a clip with the object of another clip in it.

A few dozen videos show a network always the same target before the same background, alone. Pasted, targets move before
other videos' backgrounds, with something beside them that looks like a target as well.
"""

import cv2
import numpy as np

from ttvos_tf.contract import TARGET
from ttvos_tf.data.clip import Clip, is_trackable


def copy_paste(rng: np.random.Generator, scene: Clip, donor: Clip, known_frames: int = 1) -> Clip:
    """Pastes the donor's target before or behind the scene's; the target is one of both, the other is a distractor.

    Args:
        rng: the generator.
        scene: a clip.
        donor: a clip of the same length and size.
        known_frames: number of first frames that must show the target.

    Returns:
        The clip; the scene as it was, if too little of the chosen target were left in these frames.
    """
    own, pasted = scene.masks == TARGET, donor.masks == TARGET
    if rng.random() < 0.5:
        pasted &= ~own
    if rng.random() < 0.5:
        target, alone = pasted, donor.masks == TARGET
    else:
        target, alone = own & ~pasted, own
    masks = np.where(target, np.uint8(TARGET), np.where(pasted | own, np.uint8(0), scene.masks))
    if not all(map(is_trackable, masks[:known_frames], alone)):
        return scene
    frames = [_blend(*images) for images in zip(scene.frames, donor.frames, pasted, strict=True)]
    return Clip(np.stack(frames), masks)


def _blend(scene: np.ndarray, donor: np.ndarray, pasted: np.ndarray) -> np.ndarray:
    """The donor's pixels where they are pasted, with an edge of mixed pixels: uint8 (H, W, 3)."""
    weight = cv2.blur(pasted.astype(np.float32), (3, 3))
    return cv2.blendLinear(donor, scene, weight, 1 - weight)
