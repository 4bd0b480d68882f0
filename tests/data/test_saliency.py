import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.data.trees import BARE, SIZE, check_clip, inner, is_red, labels_of, painted, write_mask, write_saliency
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.saliency import SaliencyClips, on_own_background
from ttvos_tf.data.scene import Sprite, render
from ttvos_tf.data.stills import fill, image_pairs
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_image, read_mask

SPEC = ClipSpec(4, 64, 112)
STILL = np.tile(np.eye(3), (SPEC.length, 1, 1))
LAYOUTS = [("images", "annotations"), ("images", "ground_truth_mask"), ("imgs", "gt")]
LAYOUTS += [("MSRA10K_Imgs_GT/Imgs",) * 2, ("Imgs",) * 2, (".",) * 2]


@pytest.mark.parametrize(("images", "masks"), LAYOUTS)
def test_finds_every_layout(tmp_path, images, masks):
    write_saliency(tmp_path, images, masks)
    pairs = image_pairs(tmp_path)
    assert [image.name for image, _ in pairs] == ["0.jpg", "1.jpg", "2.jpg"]
    assert all(image.stem == mask.stem and mask.is_file() for image, mask in pairs)


def test_clips(tmp_path):
    write_saliency(tmp_path / "a")
    write_saliency(tmp_path / "b", "imgs", "gt")
    source = SaliencyClips(tmp_path / "a", tmp_path / "b", augmentation=BARE)
    assert len(source.pairs) == 6
    for seed in range(20):
        clip = source.sample(np.random.default_rng(seed), SPEC)
        check_clip(clip, SPEC)
        assert is_red(clip.frames)[inner(clip.masks == 1)].all()
    again = source.sample(np.random.default_rng(seed), SPEC)
    assert np.array_equal(clip.frames, again.frames)
    assert np.array_equal(clip.masks, again.masks)


def test_a_rotation_in_exif_leaves_image_and_mask_together(tmp_path):
    """Masks are drawn on the pixels as stored; a camera's note of how it was held must not turn the image alone."""
    write_saliency(tmp_path, count=1)
    note = Image.Exif()
    note[ExifTags.Base.Orientation] = 6  # a quarter turn
    (path,) = (tmp_path / "images").iterdir()
    Image.open(path).save(path, exif=note, quality=98)
    image = read_image(path, upright=False)
    mask = read_mask(tmp_path / "annotations/0.png", SIZE, any_image=True)
    assert image.shape[:2] == SIZE
    assert is_red(image[None])[inner(mask[None] == 255)].all()


def test_mask_is_exactly_where_the_object_is():
    labels = labels_of((60, 30, 40, 40))
    moved = 0
    for seed in range(10):
        sprites = on_own_background(np.random.default_rng(seed), painted(labels), labels * 255, SPEC, (0.7, 1.0))
        frames, seen = render(list(sprites), STILL, SPEC.height, SPEC.width)
        assert is_red(frames)[inner(seen == 1)].all()
        assert not is_red(frames)[inner(seen == 0)].any()
        moved += not np.array_equal(seen[0], seen[-1])
    assert moved == 10


def test_the_object_moves_smoothly_over_its_background():
    """Steps of a frame point the same way as the step before, on the whole: jitter would not."""
    labels = labels_of((60, 30, 40, 40))
    agreement = []
    for seed in range(30):
        poses = on_own_background(np.random.default_rng(seed), painted(labels), labels * 255, SPEC, (0.7, 1.0))[1].poses
        steps = np.diff(poses[:, :2, 2] + poses[:, :2, :2] @ (80, 50), axis=0)
        agreement.append((steps[1:] * steps[:-1]).sum() / np.square(steps).mean() / steps[1:].size)
    assert np.mean(agreement) > 0.7


def fine(image):
    return image.astype(float) - cv2.blur(image, (9, 9))


@pytest.mark.parametrize("box", [(60, 30, 40, 40), (15, 20, 130, 50)])
def test_fill_continues_colour_and_texture(box):
    rng, mask = np.random.default_rng(0), labels_of(box) * 255
    inside = mask > 0
    scene = np.add(rng.integers(-12, 13, (*SIZE, 3)), (60, 120, 200)).astype(np.uint8)
    thing = rng.integers(0, 256, (*SIZE, 3), np.uint8)
    filled = fill(np.where(inside[..., None], thing, scene), mask)
    assert filled[inside].mean(axis=0) == pytest.approx(scene.mean(axis=(0, 1)), abs=8)
    core = inner(inside[None], pixels=8)[0]
    assert 0.2 * fine(scene).std() < fine(filled)[core].std() < 1.2 * fine(scene).std()
    far = cv2.dilate(mask, np.ones((15, 15), np.uint8)) == 0
    assert np.array_equal(filled[far], scene[far])


class HiddenClips(SaliencyClips):
    def sprites(self, rng, spec):
        cover = np.full((spec.height, spec.width, 4), 255, np.uint8)
        cover[:, :10, 3] = 0
        return [*super().sprites(rng, spec), Sprite(cover, np.eye(3), label=2)]


def test_a_target_that_is_hidden_at_first_is_drawn_again(tmp_path):
    write_saliency(tmp_path)
    with pytest.raises(TTVOSError, match="almost no mask shows an object"):
        HiddenClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)


def test_broken_trees_are_named(tmp_path):
    with pytest.raises(TTVOSError, match="needs images/ and annotations/"):
        SaliencyClips(tmp_path, augmentation=BARE)
    (tmp_path / "images").mkdir()
    with pytest.raises(TTVOSError, match="needs images/ and annotations/"):
        SaliencyClips(tmp_path, augmentation=BARE)
    (tmp_path / "annotations").mkdir()
    with pytest.raises(TTVOSError, match=r"images: no \.jpg"):
        SaliencyClips(tmp_path, augmentation=BARE)
    write_saliency(tmp_path)
    (tmp_path / "annotations/1.png").unlink()
    with pytest.raises(TTVOSError, match=r"images/1\.jpg: has no mask"):
        SaliencyClips(tmp_path, augmentation=BARE)
    write_mask(tmp_path / "annotations/1.png", np.zeros((5, 7), np.uint8), "L")
    with pytest.raises(TTVOSError, match=r"1\.png: the mask is 7x5"):
        for seed in range(20):
            SaliencyClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(seed), SPEC)


def test_no_object_anywhere(tmp_path):
    write_saliency(tmp_path)
    for path in (tmp_path / "annotations").iterdir():
        write_mask(path, np.zeros(SIZE, np.uint8), "L")
    with pytest.raises(TTVOSError, match="annotations: almost no mask shows an object"):
        SaliencyClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)
