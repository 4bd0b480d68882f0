"""The frames of a video as a folder of pictures, which labelme opens."""

from pathlib import Path

from tqdm import tqdm

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import read_text
from ttvos_tf.media.annotations.frames import write_frame
from ttvos_tf.media.atomic import atomic_folder
from ttvos_tf.media.video import Seekable, open_source

SOURCE = ".source"  # in the folder, hidden: which video its frames are of, by name and size, so that both may be moved


def frames_of(source: Path, folder: Path | None = None) -> Path:
    """The folder of a video's frames. It is made if it is not there; its annotations may be of days.

    Args:
        source: a folder of frames, which is returned as it is; or a video file.
        folder: for the frames of a video; None: results/<video>_labelme.

    Raises:
        TTVOSError: there is no such source, it cannot be read, the folder cannot be written, or it has the frames of
            another video.
    """
    if source.is_dir():
        if folder is not None:
            raise TTVOSError(f"--frames {folder}: {source} is a folder of frames already")
        return source
    video = open_source(str(source))
    if not isinstance(video, Seekable):
        raise TTVOSError(f"{source}: a video file or a folder of frames is needed")
    place = folder or Path("results") / f"{source.stem}_labelme"
    origin = f"{source.name!a} of {sum(file.stat().st_size for file in video.files)} bytes"
    if place.is_dir() and any(place.iterdir()):
        if (place / SOURCE).exists() and (other := read_text(place / SOURCE).strip()) != origin:
            raise TTVOSError(f"{place}: has the frames of another video, {other}: name another folder by --frames")
        return place
    with atomic_folder(place) as partial:
        (partial / SOURCE).write_text(f"{origin}\n")
        for name, frame in tqdm(video, total=video.count, unit="frame", desc="frames", disable=None):
            write_frame(partial / f"{name}.jpg", frame)
    return place
