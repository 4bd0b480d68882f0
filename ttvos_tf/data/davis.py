"""DAVIS 2016 and 2017: the sequences of a split, and training clips from them.

Layouts: `ROOT/{JPEGImages,Annotations}/480p` with `ROOT/ImageSets/YEAR/SPLIT.txt`; or the same under `ROOT/YEAR`, also
with a folder `trainval` between, as the tools of 2017 unpack it.
"""

from pathlib import Path

from ttvos_tf.data.augmentation import DEFAULTS, Augmentation
from ttvos_tf.data.files import check_name, files_by_stem
from ttvos_tf.data.video_clips import AnnotatedVideo, VideoClips
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_text


def sequences(root: str | Path, split: str = "train", year: str = "2016") -> list[AnnotatedVideo]:
    """The sequences of a split, in the order of its file.

    Args:
        root: the DAVIS folder, in one of the layouts of this module's docstring.
        split: name of a file of ImageSets/YEAR, without `.txt`.
        year: "2016" or "2017".

    Raises:
        TTVOSError: a file or folder is missing, an image has no mask or a mask no image, or a name leads out of its
            folder.
    """
    check_name(split, "split")
    root = Path(root)
    bases = [root, root / year, root / year / "trainval"]
    listing = next((path for base in bases if (path := base / f"ImageSets/{year}/{split}.txt").is_file()), None)
    if listing is None:
        raise TTVOSError(f"{root}: no ImageSets/{year}/{split}.txt below it: not a DAVIS {year} folder with that split")
    names = [check_name(name, listing) for name in read_text(listing).split()]
    if not names:
        raise TTVOSError(f"{listing}: names no sequence")
    base = listing.parents[2]
    return [_sequence(name, base / "JPEGImages/480p" / name, base / "Annotations/480p" / name) for name in names]


def _sequence(name: str, images: Path, annotations: Path) -> AnnotatedVideo:
    frames, masks = files_by_stem(images, ".jpg", ".jpeg", ".png"), files_by_stem(annotations, ".png")
    for stem, frame in frames.items():
        if stem not in masks:
            raise TTVOSError(f"{annotations / stem}.png: no such mask, but there is {frame}")
    for stem, mask in masks.items():
        if stem not in frames:
            raise TTVOSError(f"{images / stem}.jpg: no such image, but there is {mask}")
    return AnnotatedVideo(name, tuple(frames.values()), tuple(masks[stem] for stem in frames))


class DavisClips(VideoClips):
    """Random clips of DAVIS sequences. In 2016 everything marked is the target; in 2017 it is one random object.

    Args:
        root: the DAVIS folder.
        split: which sequences.
        year: "2016" or "2017".
        augmentation: see VideoClips.
    """

    def __init__(
        self, root: str | Path, split: str = "train", year: str = "2016", augmentation: Augmentation = DEFAULTS
    ):
        super().__init__(
            sequences(root, split, year), merge_objects=year == "2016", strides=5, augmentation=augmentation
        )
