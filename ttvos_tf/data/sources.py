"""Opens a source of training clips by its kind."""

from pathlib import Path

from ttvos_tf.data.augmentation import DEFAULTS, Augmentation
from ttvos_tf.data.clip import ClipSource
from ttvos_tf.data.held_out import held_out
from ttvos_tf.errors import TTVOSError

KINDS = ("synthetic", "davis", "saliency", "objects", "youtube_vos")
STILLS = ("saliency", "objects")


def open_source(
    kind: str,
    path: Path,
    split: str = "train",
    year: int = 2016,
    augmentation: Augmentation = DEFAULTS,
    leave_out_challenge: bool = False,
) -> ClipSource:
    """A source of clips.

    Args:
        kind: one of KINDS.
        path: the data set's folder; unused by "synthetic".
        split: "train", "val" or "trainval", where the kind has splits.
        year: of DAVIS.
        augmentation: how clips are varied.
        leave_out_challenge: of stills, whether those that are held out for the challenge are left out (held_out.py).

    Raises:
        TTVOSError: unknown kind, or a folder that is not such a data set.
    """
    if kind == "synthetic":
        from ttvos_tf.data.synthetic import SyntheticClips

        return SyntheticClips(augmentation)
    if kind == "davis":
        from ttvos_tf.data.davis import DavisClips

        return DavisClips(path, split=split, year=str(year), augmentation=augmentation)
    if kind == "saliency":
        from ttvos_tf.data.saliency import SaliencyClips

        return SaliencyClips(path, augmentation=augmentation, leaves_out=held_out if leave_out_challenge else None)
    if kind == "objects":
        from ttvos_tf.data.objects import ObjectClips

        return ObjectClips(path, augmentation=augmentation, leaves_out=held_out if leave_out_challenge else None)
    if kind == "youtube_vos":
        from ttvos_tf.data.youtube_vos import YouTubeVOSClips

        return YouTubeVOSClips(path, split=split, augmentation=augmentation)
    raise TTVOSError(f"unknown data kind {kind!r}: choose one of {', '.join(KINDS)}")
