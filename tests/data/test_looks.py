import numpy as np
import pytest

from tests.data.trees import labels_of, painted, write_image, write_mask
from ttvos_tf.data.held_out import held_out
from ttvos_tf.data.looks import PaintedLooks, StillLooks, thin_share
from ttvos_tf.errors import TTVOSError

NAMES = [f"{index:04d}" for index in range(400)]
KEPT = [name for name in NAMES if held_out(name)]
TRAINED = [name for name in NAMES if not held_out(name)]


def write_stills(root, names, boxes=((40, 20, 70, 60),), paint=painted, value=255):
    labels = labels_of(*boxes)
    for name in names:
        write_image(root / f"images/{name}.jpg", paint(labels))
        write_mask(root / f"annotations/{name}.png", np.minimum(labels * value, 255).astype(np.uint8), "L")
    return root


def test_only_held_out_stills_are_used(tmp_path):
    write_stills(tmp_path / "s", NAMES[:30])
    write_stills(tmp_path / "o", NAMES[30:60], value=1)
    looks = StillLooks([tmp_path / "s"], [tmp_path / "o"])
    used = [path.stem for pair in looks.singles + looks.groups for path in pair]
    assert sorted(used) == sorted(2 * [name for name in NAMES[:60] if held_out(name)])


def test_stills_are_cut_by_their_masks(tmp_path):
    looks = StillLooks([write_stills(tmp_path, KEPT[:3])])
    for seed in range(5):
        (image, mask), *copies = looks.alike(np.random.default_rng(seed), 4)
        assert len(copies) == 3
        assert np.count_nonzero(mask) == 70 * 60
        for each, marked in [(image, mask), *copies]:
            red = each[..., 0].astype(int) > each[..., 2]
            assert np.mean(red == (marked > 127)) > 0.98  # JPEG mixes the colours of the edge


def test_groups_are_told_apart_by_ids(tmp_path):
    boxes = (10, 8, 60, 70), (80, 8, 60, 70)
    looks = StillLooks(objects=[write_stills(tmp_path, KEPT[:2], boxes, value=1)])
    for seed in range(5):
        things = looks.alike(np.random.default_rng(seed), 3)
        assert [np.count_nonzero(mask) for _, mask in things] == 3 * [60 * 70]
        reds = [image[mask > 127].mean(axis=0)[0] > 120 for image, mask in things]
        assert reds[0] != reds[1]  # the red one and the green one
        assert reds[0] == reds[2]  # a copy of the first


@pytest.mark.parametrize("box", [(0, 20, 70, 60), (40, 36, 70, 60), (40, 20, 30, 30)])
def test_cut_off_and_small_things_are_left_out(tmp_path, box):
    looks = StillLooks([write_stills(tmp_path, KEPT[:2], (box,))])
    with pytest.raises(TTVOSError, match="annotations: almost no held-out mask shows a whole thing"):
        looks.alike(np.random.default_rng(0), 1)


def test_a_void_mark_is_no_thing(tmp_path):
    looks = StillLooks(objects=[write_stills(tmp_path, KEPT[:2], value=255)])
    with pytest.raises(TTVOSError, match="almost no held-out mask"):
        looks.alike(np.random.default_rng(0), 1)


def test_backgrounds_fill_the_frame_and_lose_their_things(tmp_path):
    looks = StillLooks([write_stills(tmp_path, KEPT[:3])])
    for size in ((60, 100), (200, 90)):
        place = looks.background(np.random.default_rng(0), *size)
        assert place.shape == (*size, 3)
        assert (place[..., 2].astype(int) > place[..., 0]).mean() > 0.97


def test_folders_without_held_out_stills_are_named(tmp_path):
    write_stills(tmp_path, TRAINED[:4])
    with pytest.raises(TTVOSError, match=f"{tmp_path}: no held-out image"):
        StillLooks([tmp_path])
    with pytest.raises(TTVOSError, match="stills: no held-out image"):
        StillLooks()
    with pytest.raises(TTVOSError, match="nowhere: needs images/ and annotations/"):
        StillLooks([tmp_path / "nowhere"])


def test_painted_look_alikes_share_a_material():
    """Mean colours of one kind are closer to each other than those of two kinds."""
    within, between = [], []
    for seed in range(10):
        one, two = (PaintedLooks().alike(np.random.default_rng(100 * k + seed), 3) for k in (0, 1))
        colors = [[image[mask > 127].mean(axis=0) for image, mask in things] for things in (one, two)]
        within.append(np.linalg.norm(colors[0][0] - colors[0][1]))
        between.append(np.linalg.norm(colors[0][0] - colors[1][0]))
    assert np.median(within) < np.median(between) / 2


def test_thin_share_of_known_shapes():
    mask = np.zeros((160, 160), np.uint8)
    mask[40:120, 40:120] = 255
    assert thin_share(mask) < 0.05
    mask[80:83, :] = 255  # 80 columns of 3 rows more
    assert thin_share(mask) == pytest.approx(240 / (6400 + 240), abs=0.03)


def test_thin_things_are_thin():
    for seed in range(10):
        assert thin_share(PaintedLooks().thin(np.random.default_rng(seed))[1]) > 0.25
    solid = [thin_share(PaintedLooks().alike(np.random.default_rng(seed), 1)[0][1]) for seed in range(10)]
    assert np.median(solid) < 0.1


def test_stills_with_thin_parts_are_preferred(tmp_path):
    write_stills(tmp_path, KEPT[:2])
    labels = labels_of((20, 10, 120, 4), (20, 10, 4, 70))
    write_image(tmp_path / f"images/{KEPT[2]}.jpg", painted(labels))
    write_mask(tmp_path / f"annotations/{KEPT[2]}.png", np.where(labels, np.uint8(255), np.uint8(0)), "L")
    looks = StillLooks([tmp_path])
    thin = [thin_share(looks.thin(np.random.default_rng(seed))[1]) > 0.9 for seed in range(8)]
    assert sum(thin) >= 6  # of eight draws one has it with a chance of 0.96
