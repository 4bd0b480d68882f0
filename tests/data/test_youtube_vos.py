import json
import shutil

import numpy as np
import pytest

from tests.data.trees import BARE, check_clip, inner, labels_of, painted, write_image, write_mask
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.youtube_vos import YouTubeVOSClips, sequences
from ttvos_tf.errors import TTVOSError

SPEC = ClipSpec(3, 48, 80)


def write_youtube_vos(base):
    """30 frames, every fifth annotated; object 1 until frame 20, object 2 from frame 15."""
    listed = {1: [], 2: []}
    for t in range(30):
        late = [(100, 30, 40, 40)] if t >= 15 else []
        labels = labels_of((20 + t // 2, 20, 40, 40 * (t <= 20)), *late)
        write_image(base / f"JPEGImages/0a1b/{t:05d}.jpg", painted(labels))
        if t % 5 == 0:
            write_mask(base / f"Annotations/0a1b/{t:05d}.png", labels)
            for label in set(np.unique(labels)) - {0}:
                listed[label].append(f"{t:05d}")
    objects = {str(label): {"category": "thing", "frames": frames} for label, frames in listed.items()}
    (base / "meta.json").write_text(json.dumps({"videos": {"0a1b": {"objects": objects}}}))


def test_only_annotated_frames(tmp_path):
    write_youtube_vos(tmp_path / "train")
    (video,) = sequences(tmp_path)
    assert [path.stem for path in video.frames] == ["00000", "00005", "00010", "00015", "00020", "00025"]
    assert all(path.is_file() for path in (*video.frames, *video.annotations))
    assert sequences(tmp_path / "train") == [video]


def test_one_object_is_the_target_and_a_late_one_may_be(tmp_path):
    write_youtube_vos(tmp_path / "train")
    drawn = set()
    for seed in range(40):
        clip = YouTubeVOSClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(seed), SPEC)
        check_clip(clip, SPEC)
        colors = set(clip.frames[inner(clip.masks == 1)].argmax(axis=-1))
        assert len(colors) == 1
        drawn |= colors
    assert drawn == {0, 1}  # red, and the green one that comes later


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "meta.json: no such file"),
        ("{", "meta.json: not valid JSON"),
        ('{"videos": {"a": {"objects": {"1": {"frames": [3]}}}}}', "meta.json: does not list"),
        ("[]", "meta.json: does not list"),
        ('{"videos": {"a": {}}}', "meta.json: does not list"),
        ('{"videos": {"a": {"objects": {"1": {"frames": []}}}}}', "meta.json: lists no annotated video"),
    ],
)
def test_broken_meta_is_named(tmp_path, content, says):
    if content is not None:
        (tmp_path / "train").mkdir()
        (tmp_path / "train/meta.json").write_text(content)
    with pytest.raises(TTVOSError, match=says):
        sequences(tmp_path)


def test_missing_files_are_named(tmp_path):
    write_youtube_vos(tmp_path)
    for path in (tmp_path / "Annotations/0a1b").iterdir():
        path.unlink()
    with pytest.raises(TTVOSError, match=r"Annotations/0a1b/000\d\d\.png: no such mask"):
        YouTubeVOSClips(tmp_path, augmentation=BARE).sample(np.random.default_rng(0), SPEC)


@pytest.mark.parametrize("part", ["JPEGImages", "Annotations"])
def test_a_part_that_was_not_unpacked_is_named(tmp_path, part):
    write_youtube_vos(tmp_path / "train")
    shutil.rmtree(tmp_path / "train" / part / "0a1b")
    says = rf"{part}/0a1b: no such folder; 1 of 1 videos have none"
    with pytest.raises(TTVOSError, match=says):
        sequences(tmp_path)
    (tmp_path / "train" / part).rmdir()
    with pytest.raises(TTVOSError, match=says):
        sequences(tmp_path)
