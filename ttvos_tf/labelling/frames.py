"""The frames of a video as a folder of pictures, which labelme opens."""

from pathlib import Path

from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.annotations.frames import write_frame
from ttvos_tf.media.atomic import atomic_folder
from ttvos_tf.media.video import Seekable, open_source


def frames_of(source: Path, folder: Path | None = None) -> Path:
    """The folder of a video's frames. It is made if it is not there; its annotations may be of days.

    Args:
        source: a folder of frames, which is returned as it is; or a video file.
        folder: for the frames of a video; None: results/<video>_labelme.

    Raises:
        TTVOSError: there is no such source, it cannot be read, or the folder cannot be written.
    """
    if source.is_dir():
        if folder is not None:
            raise TTVOSError(f"--frames {folder}: {source} is a folder of frames already")
        return source
    video = open_source(str(source))
    if not isinstance(video, Seekable):
        raise TTVOSError(f"{source}: a video file or a folder of frames is needed")
    place = folder or Path("results") / f"{source.stem}_labelme"
    if place.is_dir() and any(place.iterdir()):
        return place
    with atomic_folder(place) as partial:
        for name, frame in tqdm(video, total=video.count, unit="frame", desc="frames", disable=None):
            write_frame(partial / f"{name}.jpg", frame)
    return place
