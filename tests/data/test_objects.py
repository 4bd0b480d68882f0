import dataclasses

import cv2
import numpy as np
import pytest

from tests.data.trees import BARE, BLUE, GREEN, RED, SIZE, check_clip, inner, labels_of, write_image, write_mask
from ttvos_tf.contract import TARGET, VOID
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.held_out import held_out
from ttvos_tf.data.objects import ObjectClips, instances
from ttvos_tf.data.sources import STILLS, open_source
from ttvos_tf.data.stills import image_pairs
from ttvos_tf.errors import TTVOSError

SPEC = ClipSpec(4, 64, 112)
PLAIN = dataclasses.replace(BARE, color_strength=0.0, flicker=0.0, blur_probability=0.0)
COLORS = {0: BLUE, 1: RED, 2: GREEN, 3: (200, 200, 40), VOID: (120, 120, 120)}


def write_objects(root, *pictures):
    for index, labels in enumerate(pictures):
        image = np.zeros((*SIZE, 3), np.uint8)
        for label, color in COLORS.items():
            image[labels == label] = color
        write_image(root / f"images/{index}.jpg", image)
        write_mask(root / f"annotations/{index}.png", labels, "L")


def looks_like(frames, label):
    """Where frames have the colour of a label rather than another's: bool (T, H, W)."""
    distance = [np.abs(frames.astype(int) - color).sum(-1) for color in COLORS.values()]
    return np.argmin(distance, axis=0) == list(COLORS).index(label)


THREE = labels_of((10, 20, 40, 40), (60, 30, 36, 40), (110, 20, 36, 40))


def test_the_target_is_any_instance_and_the_others_stay(tmp_path):
    write_objects(tmp_path, THREE)
    source = ObjectClips(tmp_path, augmentation=dataclasses.replace(PLAIN, own_scene_probability=1.0))
    targets, others = set(), 0
    for seed in range(30):
        clip = source.sample(np.random.default_rng(seed), SPEC)
        check_clip(clip, SPEC)
        (target,) = (label for label in (1, 2, 3) if looks_like(clip.frames, label)[inner(clip.masks == TARGET)].all())
        targets.add(target)
        others += any(looks_like(clip.frames, label).mean() > 0.02 for label in {1, 2, 3} - {target})
        # Where the target's colour is, the mask is: nothing of it is left behind in the picture.
        assert not looks_like(clip.frames, target)[inner(clip.masks == 0)].any()
    assert targets == {1, 2, 3}
    assert others > 20


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_others_move_on_their_own_if_asked_to(share, tmp_path):
    """With a camera that follows the picture, what stays has the same pixels as long as the target is not there."""
    write_objects(tmp_path, THREE)
    augmentation = dataclasses.replace(PLAIN, own_scene_probability=1.0, mover_probability=share)
    source = ObjectClips(tmp_path, augmentation=augmentation)
    moving = []
    for seed in range(12):
        sprites = source.sprites(np.random.default_rng(seed), SPEC)
        moving.append(sum(sprite.poses.ndim == 3 for sprite in sprites))
        assert sum(sprite.label == TARGET for sprite in sprites) == 1
    assert set(moving) == ({1} if share == 0 else {3})


def test_the_target_is_before_and_behind_the_others(tmp_path):
    write_objects(tmp_path, THREE)
    source = ObjectClips(tmp_path, augmentation=dataclasses.replace(PLAIN, mover_probability=1.0))
    last = [source.sprites(np.random.default_rng(seed), SPEC)[-1].label == TARGET for seed in range(30)]
    assert 0.1 < np.mean(last) < 0.7


def test_things_start_from_their_own_places(tmp_path):
    """The first frame of an own scene is the picture as it was, but for bends: the target is where its colour was."""
    write_objects(tmp_path, THREE)
    source = ObjectClips(tmp_path, augmentation=dataclasses.replace(PLAIN, own_scene_probability=1.0))
    for seed in range(10):
        background, *things = source.sprites(np.random.default_rng(seed), SPEC)
        target = next(sprite for sprite in things if sprite.label == TARGET)
        moved = np.linalg.inv(background.poses) @ target.poses[0]
        box = cv2.boundingRect(target.picture[..., 3])
        corner = moved @ (box[0] + box[2] / 2, box[1] + box[3] / 2, 1)
        scale = background.picture.shape[0] / SIZE[0], background.picture.shape[1] / SIZE[1]
        places = [(x + w / 2, y + h / 2) for x, y, w, h in ((10, 20, 40, 40), (60, 30, 36, 40), (110, 20, 36, 40))]
        places += [(SIZE[1] - x, y) for x, y in places]  # mirrored
        assert min(np.hypot(corner[0] / scale[1] - x, corner[1] / scale[0] - y) for x, y in places) < 2


def test_void_is_void_where_its_picture_is(tmp_path):
    labels = labels_of((30, 20, 40, 40))
    labels[:, 110:] = VOID
    write_objects(tmp_path, labels)
    source = ObjectClips(tmp_path, augmentation=dataclasses.replace(PLAIN, own_scene_probability=1.0))
    shares = []
    for seed in range(10):
        clip = source.sample(np.random.default_rng(seed), SPEC)
        grey = looks_like(clip.frames, VOID)
        assert grey[inner(clip.masks == VOID)].all()
        assert (
            clip.masks[:1][inner(grey[:1])] == VOID
        ).all()  # later frames may show the picture mirrored at its border
        shares.append((clip.masks == VOID).mean())
    assert np.mean(shares) > 0.05


def test_a_picture_without_a_large_instance_is_not_drawn(tmp_path):
    speck = labels_of((50, 50, 6, 6))
    assert instances(speck, least=0.003) == []
    assert instances(np.where(speck == 1, np.uint8(VOID), speck), least=0.001) == []
    write_objects(tmp_path, speck)
    with pytest.raises(TTVOSError, match="annotations: almost no mask shows an object"):
        ObjectClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)


def test_what_is_left_out_is_never_drawn(tmp_path):
    write_objects(tmp_path, *[THREE] * 40)
    for kind in STILLS:
        kept = open_source(kind, tmp_path, leave_out_challenge=True).pairs
        assert kept == [pair for pair in image_pairs(tmp_path) if not held_out(pair[0])]
        assert 0 < len(kept) < len(open_source(kind, tmp_path).pairs)
    with pytest.raises(TTVOSError, match="every image of it is left out"):
        ObjectClips(tmp_path, leaves_out=lambda path: True)
