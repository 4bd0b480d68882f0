import os

import numpy as np
import pytest

from tests.data.trees import BARE, check_clip, inner, is_red, labels_of, sliding, write_davis, write_mask
from ttvos_tf.contract import VOID
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.davis import DavisClips, sequences
from ttvos_tf.errors import TTVOSError

SPEC = ClipSpec(4, 48, 80)


@pytest.mark.parametrize(
    ("inside", "year"), [(".", "2016"), ("2016", "2016"), ("2017", "2017"), ("2017/trainval", "2017")]
)
def test_finds_every_layout(tmp_path, inside, year):
    write_davis(tmp_path / inside, {"dog": sliding(3), "cat": sliding(2)}, year)
    found = sequences(tmp_path, "train", year)
    assert [video.name for video in found] == ["dog", "cat"]
    assert [frame.name for frame in found[0].frames] == ["00000.jpg", "00001.jpg", "00002.jpg"]
    assert [mask.name for mask in found[0].annotations] == ["00000.png", "00001.png", "00002.png"]
    assert all(path.is_file() for video in found for path in (*video.frames, *video.annotations))


def test_masks_stay_on_the_object(tmp_path):
    write_davis(tmp_path, {"dog": sliding()})
    source = DavisClips(tmp_path, augmentation=BARE)
    for seed in range(20):
        clip = source.sample(np.random.default_rng(seed), SPEC)
        check_clip(clip, SPEC)
        assert is_red(clip.frames)[inner(clip.masks == 1)].all()
        assert not is_red(clip.frames)[inner(clip.masks == 0)].any()


def test_clips_differ_and_are_reproducible(tmp_path):
    write_davis(tmp_path, {"dog": sliding()})
    source = DavisClips(tmp_path, augmentation=BARE)
    first, again, other = (source.sample(np.random.default_rng(seed), SPEC) for seed in (1, 1, 2))
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)


def test_2016_merges_objects_and_2017_draws_one(tmp_path):
    labels = labels_of((20, 20, 40, 40), (90, 30, 40, 40))
    write_davis(tmp_path / "2016", {"pair": [labels] * 4}, "2016")
    write_davis(tmp_path / "2017", {"pair": [labels] * 4}, "2017")
    drawn = set()
    for seed in range(20):
        merged = DavisClips(tmp_path, year="2016", augmentation=BARE).sample(np.random.default_rng(seed), SPEC)
        colors = merged.frames[0][inner(merged.masks == 1)[0]].argmax(axis=-1)
        assert set(colors) <= {0, 1}  # red and green, not blue
        single = DavisClips(tmp_path, year="2017", augmentation=BARE).sample(np.random.default_rng(seed), SPEC)
        colors = set(single.frames[inner(single.masks == 1)].argmax(axis=-1))
        assert len(colors) == 1
        drawn |= colors
    assert drawn == {0, 1}


def test_2017_keeps_void_void(tmp_path):
    labels = labels_of((40, 30, 60, 40))
    labels[:, 70:110] = np.where(labels[:, 70:110] == 1, 1, VOID)
    write_davis(tmp_path, {"dog": [labels] * 4}, "2017")
    shares = [
        [
            np.mean(
                DavisClips(tmp_path, year="2017", augmentation=BARE).sample(np.random.default_rng(seed), SPEC).masks
                == value
            )
        ]
        for seed in range(5)
        for value in (1, VOID)
    ]
    assert np.all(np.array(shares) > 0.02)


def test_first_frame_shows_the_target(tmp_path):
    """Most frames are empty or show a speck: only few draws start well."""
    write_davis(tmp_path, {"late": [labels_of()] * 3 + [labels_of((5, 5, 1, 1))] * 6 + sliding(6)})
    for seed in range(10):
        check_clip(DavisClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(seed), SPEC), SPEC)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_videos_turn_back(tmp_path, frames):
    write_davis(tmp_path, {"short": sliding(frames)})
    check_clip(DavisClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC), SPEC)


def remove(path):
    path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[:30])


def other_size(path):
    write_mask(path, np.full((10, 12), 255, np.uint8), "L")


def add_another(path):
    path.with_suffix(".png").write_bytes(path.read_bytes())


def replace_by_a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def empty(path):
    path.write_text("\n")


@pytest.mark.parametrize(
    ("broken", "how", "says"),
    [
        ("ImageSets/2016/train.txt", remove, "no ImageSets/2016/train.txt"),
        ("ImageSets/2016/train.txt", empty, "ImageSets/2016/train.txt: names no sequence"),
        ("Annotations/480p/dog/00001.png", remove, "dog/00001.png: no such mask"),
        ("Annotations/480p/dog/00001.png", truncate, "dog/00001.png: cannot be read as an image"),
        ("Annotations/480p/dog/00001.png", other_size, "dog/00001.png: the mask is 12x10, its image is 160x96"),
        ("JPEGImages/480p/dog/00001.jpg", truncate, "dog/00001.jpg: cannot be read as an image"),
        ("JPEGImages/480p/dog/00000.jpg", remove, "dog/00000.jpg: no such image, but there is"),
        ("JPEGImages/480p/dog/00001.jpg", remove, "dog/00001.jpg: no such image, but there is"),
        ("JPEGImages/480p/dog/00001.jpg", add_another, "dog/00001.png: 00001.jpg has that name too"),
        ("JPEGImages/480p/dog/00001.jpg", replace_by_a_fifo, "dog/00001.jpg: is not a regular file"),
    ],
)
def test_broken_trees_are_named(tmp_path, broken, how, says):
    write_davis(tmp_path, {"dog": sliding(2)})
    how(tmp_path / broken)
    with pytest.raises(TTVOSError, match=says):
        DavisClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)


def test_hidden_files_are_no_frames(tmp_path):
    write_davis(tmp_path, {"dog": sliding(2)})
    (tmp_path / "JPEGImages/480p/dog/._00000.jpg").write_text("left by a Mac")
    assert len(sequences(tmp_path)[0].frames) == 2


def test_missing_or_empty_folders_are_named(tmp_path):
    write_davis(tmp_path, {"dog": sliding(1)})
    (tmp_path / "ImageSets/2016/train.txt").write_text("cat")
    with pytest.raises(TTVOSError, match="JPEGImages/480p/cat: no such folder"):
        sequences(tmp_path)
    (tmp_path / "JPEGImages/480p/cat").mkdir()
    with pytest.raises(TTVOSError, match=r"JPEGImages/480p/cat: no \.jpg"):
        sequences(tmp_path)


def test_no_object_anywhere(tmp_path):
    write_davis(tmp_path, {"void": [labels_of()] * 2})
    with pytest.raises(TTVOSError, match="Annotations/480p: almost no mask shows an object"):
        DavisClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)


def test_real_davis(davis):
    assert len(sequences(davis, "train")) + len(sequences(davis, "val")) == len(sequences(davis, "trainval"))
    source, spec = DavisClips(davis, augmentation=BARE), ClipSpec(4, 240, 432)
    for seed in range(5):
        check_clip(source.sample(np.random.default_rng(seed), spec), spec)
