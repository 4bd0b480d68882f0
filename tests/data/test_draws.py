"""Clips of the default settings stay as they were, unless a change means to change them.

A random draw more, or in another order, gives quite another clip. What processors round otherwise is far within the
tolerances.
"""

import numpy as np
import pytest

from tests.data.trees import labels_of, sliding, write_davis, write_saliency
from ttvos_tf.data.augmentation import Augmentation
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.davis import DavisClips
from ttvos_tf.data.saliency import SaliencyClips
from ttvos_tf.data.synthetic import SyntheticClips

SPEC = ClipSpec(4, 96, 160)
SEEDS = range(6)


def videos(folder):
    pair = labels_of((20, 20, 40, 40), (90, 30, 40, 40))
    write_davis(folder, {"dog": sliding(12), "pair": [pair] * 9}, "2017")
    return DavisClips(folder, year="2017", augmentation=Augmentation(paste_probability=0.5))


def stills(folder):
    write_saliency(folder)
    return SaliencyClips(folder)


# Of each seed's clip: the mean grey value, and the target's pixels in the first and in the last frame.
NOTED = {
    videos: [
        (92.3, 1978, 1978),
        (93.9, 3306, 3306),
        (127.5, 6603, 6603),
        (73.2, 2069, 2069),
        (87.0, 5400, 5400),
        (93.8, 2550, 2550),
    ],
    stills: [
        (111.4, 3223, 2055),
        (68.4, 4340, 3779),
        (133.3, 3035, 3866),
        (107.5, 478, 468),
        (104.4, 2734, 425),
        (63.5, 2974, 2986),
    ],
    lambda folder: SyntheticClips(): [
        (105.6, 4809, 4662),
        (100.7, 1649, 1340),
        (98.4, 138, 185),
        (135.2, 549, 750),
        (144.3, 804, 597),
        (122.2, 1439, 1803),
    ],
}


@pytest.mark.parametrize("source", NOTED, ids=["videos", "stills", "rendered"])
def test_clips_are_drawn_as_they_were(source, tmp_path):
    clips = [source(tmp_path).sample(np.random.default_rng((7, seed)), SPEC) for seed in SEEDS]
    found = [(clip.frames.mean(), *np.count_nonzero(clip.masks[[0, -1]] == 1, axis=(1, 2))) for clip in clips]
    np.testing.assert_allclose(found, NOTED[source], rtol=0.01, atol=8)
