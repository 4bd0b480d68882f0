import pytest

import ttvos_tf.data.saliency
import ttvos_tf.data.video_clips


@pytest.fixture(autouse=True)
def nothing_passes(monkeypatch):
    """No occluders, unless a test asks for them: they have any colour, and tests know targets by theirs."""
    for module in (ttvos_tf.data.video_clips, ttvos_tf.data.saliency):
        monkeypatch.setattr(module, "OCCLUDED", 0.0)
