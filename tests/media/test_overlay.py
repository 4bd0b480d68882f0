import numpy as np

from tests.clips import clip
from ttvos_tf.media.images import davis_palette
from ttvos_tf.media.overlay import OPACITY, draw_overlay


def test_objects_are_tinted_and_outlined_and_nothing_else_changes():
    frames, labels = clip(1, ids=(1, 2))
    frame, labels = frames[0], labels[0]
    given = frame.copy()
    drawn = draw_overlay(frame, labels)
    assert np.array_equal(frame, given) and drawn.dtype == np.uint8
    assert np.array_equal(drawn[labels == 0], frame[labels == 0])
    palette = davis_palette()
    assert np.all(drawn[6, 8:30] == palette[1]), "the outline is the object's own colour"
    mixed = (1 - OPACITY) * frame[15, 20] + OPACITY * palette[1]
    assert np.allclose(drawn[15, 20], mixed, atol=1)


def test_neighbours_are_told_apart():
    labels = np.repeat(np.uint8([[1, 2]]), 8, axis=1).repeat(8, axis=0)
    drawn = draw_overlay(np.zeros((8, 16, 3), np.uint8), labels)
    assert np.all(drawn[4, 7] == davis_palette()[1]) and np.all(drawn[4, 8] == davis_palette()[2])
