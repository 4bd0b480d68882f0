"""YouTube-VOS: training clips from `train/{JPEGImages,Annotations,meta.json}`.

Every fifth frame has a mask, and objects may come in later: `meta.json` lists the annotated frames of each object.
"""

from pathlib import Path

from ttvos_tf.data.augmentation import DEFAULTS, Augmentation
from ttvos_tf.data.files import check_name
from ttvos_tf.data.video_clips import AnnotatedVideo, VideoClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_json


def sequences(root: str | Path, split: str = "train") -> list[AnnotatedVideo]:
    """The annotated frames of each video of a split, by meta.json (no video's folder is listed: there are 3471 videos).

    Args:
        root: the YouTube-VOS folder.
        split: folder with JPEGImages, Annotations and meta.json; ROOT itself where that has them.

    Raises:
        TTVOSError: meta.json is missing or does not have the structure of YouTube-VOS, or a video of it has no folder.
    """
    root = Path(root)
    base = root if (root / "meta.json").is_file() else root / split
    meta = base / "meta.json"
    if not meta.exists():
        raise TTVOSError(f"{meta}: no such file: {root} is not a YouTube-VOS folder with a split {split!r}")
    listed = read_json(meta)
    try:
        frames_of = {
            name: sorted({frame for item in video["objects"].values() for frame in item["frames"]})
            for name, video in listed["videos"].items()
        }
        named = all(isinstance(frame, str) for frames in frames_of.values() for frame in frames)
    except (KeyError, TypeError, AttributeError):
        named = False
    if not named:
        raise TTVOSError(f"{meta}: does not list videos, their objects and the frames of each")
    found = [
        AnnotatedVideo(
            check_name(name, meta),
            tuple(base / "JPEGImages" / name / f"{check_name(frame, meta)}.jpg" for frame in frames),
            tuple(base / "Annotations" / name / f"{frame}.png" for frame in frames),
        )
        for name, frames in frames_of.items()
        if frames
    ]
    if not found:
        raise TTVOSError(f"{meta}: lists no annotated video")
    for folder in (base / "JPEGImages", base / "Annotations"):
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if missing := [video.name for video in found if video.name not in there]:
            raise TTVOSError(f"{folder / missing[0]}: no such folder; {len(missing)} of {len(found)} videos have none")
    return found


class YouTubeVOSClips(VideoClips):
    """Random clips of YouTube-VOS; the target is one of the objects in the clip's first frame.

    Args:
        root: the YouTube-VOS folder.
        split: which videos.
        augmentation: see VideoClips.
    """

    def __init__(self, root: str | Path, split: str = "train", augmentation: Augmentation = DEFAULTS):
        strides = 2  # of annotated frames: 5, 10, ...
        super().__init__(sequences(root, split), merge_objects=False, strides=strides, augmentation=augmentation)
