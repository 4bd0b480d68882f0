from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttvos_tf.data.video_clips
from tests.data.trees import BARE, BLUE, GREEN, RED, check_clip, inner, labels_of, sliding, write_davis
from ttvos_tf.contract import VOID
from ttvos_tf.data.clip import Clip, ClipSpec
from ttvos_tf.data.copy_paste import copy_paste
from ttvos_tf.data.davis import DavisClips

SPEC = ClipSpec(3, 96, 160)


def clip_of(color, *boxes):
    """One box a frame, in a colour on blue."""
    masks = np.stack([labels_of(box) for box in boxes])
    return Clip(np.where(masks[..., None] == 1, np.uint8(color), np.uint8(BLUE)), masks)


def shows(frames, color):
    return (frames == np.uint8(color)).all(-1)


BOX = st.tuples(st.integers(0, 120), st.integers(0, 60), st.integers(20, 40), st.integers(20, 36))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.lists(BOX, min_size=6, max_size=6))
def test_the_mask_is_of_what_is_seen_of_one_object(seed, boxes):
    red, green = clip_of(RED, *boxes[:3]), clip_of(GREEN, *boxes[3:])
    clip = copy_paste(np.random.default_rng(seed), red, green)
    if clip is red:
        return
    check_clip(clip, SPEC)
    target, rest = inner(clip.masks == 1, 1), inner(clip.masks == 0, 1)
    color = RED if shows(clip.frames, RED)[target].any() else GREEN
    assert shows(clip.frames, color)[target].all()
    assert not shows(clip.frames, color)[rest].any()
    everything = inner(~((red.masks == 1) | (green.masks == 1)), 1)
    assert np.array_equal(clip.frames[everything], red.frames[everything])


def test_either_is_the_target_and_either_is_in_front():
    red, green = clip_of(RED, *[(40, 30, 40, 36)] * 3), clip_of(GREEN, *[(60, 30, 40, 36)] * 3)
    seen = set()
    for seed in range(40):
        clip = copy_paste(np.random.default_rng(seed), red, green)
        pixels = clip.frames[0, 48, 50], clip.frames[0, 48, 70], clip.frames[0, 48, 90]
        seen.add((tuple(map(tuple, pixels)), tuple(clip.masks[0, 48, [50, 70, 90]])))
    assert seen == {
        ((RED, RED, GREEN), (1, 1, 0)),
        ((RED, RED, GREEN), (0, 0, 1)),
        ((RED, GREEN, GREEN), (1, 0, 0)),
        ((RED, GREEN, GREEN), (0, 1, 1)),
    }


def test_no_target_that_starts_hidden():
    box = (40, 30, 40, 36)
    red, green = clip_of(RED, box, box, box), clip_of(GREEN, box, box, box)
    fronts = set()
    for seed in range(40):
        clip = copy_paste(np.random.default_rng(seed), red, green)
        assert np.array_equal(clip.masks, red.masks)
        fronts.add(tuple(clip.frames[0, 48, 50]))
    assert fronts == {RED, GREEN}


def test_void_stays_where_nothing_is_pasted():
    red, green = clip_of(RED, *[(40, 30, 40, 36)] * 3), clip_of(GREEN, *[(100, 30, 40, 36)] * 3)
    red.masks[:, :, 90:120] = VOID
    for seed in range(10):
        masks = copy_paste(np.random.default_rng(seed), red, green).masks
        assert (masks[:, :, 90:100] == VOID).all()
        assert (masks[:, 30:66, 100:140] != VOID).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_share(share, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(ttvos_tf.data.video_clips, "copy_paste", lambda *args: calls.append(args) or copy_paste(*args))
    write_davis(tmp_path, {"dog": sliding()})
    check_clip(
        DavisClips(tmp_path, augmentation=replace(BARE, paste_probability=share)).sample(
            np.random.default_rng(0), SPEC
        ),
        SPEC,
    )
    assert len(calls) == share


def test_a_video_that_hardly_shows_its_object_gets_one_of_another(tmp_path):
    empty = np.zeros_like(sliding(1)[0])
    write_davis(tmp_path, {"ghost": [*sliding(1), *[empty] * 59], "cat": sliding()})
    pasted = replace(BARE, paste_probability=1.0, same_video_probability=1.0)
    source = DavisClips(tmp_path, augmentation=pasted)
    for seed in range(200):
        check_clip(source.sample(np.random.default_rng(seed), ClipSpec(2, 48, 80)), ClipSpec(2, 48, 80))


@pytest.mark.parametrize(("same", "donors"), [(0.0, {"dog", "cat"}), (1.0, {"dog"})])
def test_donors(same, donors, tmp_path, monkeypatch):
    """The dog's first clip gets its object from any video, or from another clip of the dog."""
    write_davis(tmp_path, {"dog": sliding(), "cat": sliding()})
    pasted = replace(BARE, paste_probability=1.0, same_video_probability=same)
    source, drawn = DavisClips(tmp_path, augmentation=pasted), []
    real = source._try_sample
    monkeypatch.setattr(
        source, "_try_sample", lambda rng, video, spec: drawn.append(video.name) or real(rng, video, spec)
    )
    pairs = set()
    for seed in range(30):
        drawn.clear()
        source.sample(np.random.default_rng(seed), SPEC)
        pairs.add(tuple(drawn))
    assert {second for first, second in pairs if first == "dog"} == donors
