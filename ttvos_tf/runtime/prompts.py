"""What is given of objects along a video: masks and boxes at any frames, for some or all objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import read_mask
from ttvos_tf.media.sizes import Size
from ttvos_tf.runtime.objects import Box, Given, check_count, check_id, objects_in_boxes, objects_in_mask


@dataclass(frozen=True)
class Prompt:
    """A mask or a box that is given in a frame.

    Attributes:
        frame: index of the frame, from 0.
        mask: file of a mask, or uint8 (H, W) ids as in `Tracker.start`. A file is read when its frame comes, so that
            many take no memory.
        box: instead of a mask, (x, y, width, height) in pixels.
        object_id: the object; a box needs it. Of a mask, this object alone is meant, or the white of a black-and-white
            one. None: all that the mask holds.
    """

    frame: int
    mask: str | Path | np.ndarray | None = None
    box: Box | None = None
    object_id: int | None = None

    def __post_init__(self) -> None:
        if (self.mask is None) == (self.box is None):
            raise TTVOSError(f"{self}: give either a mask or a box")
        if self.box is not None and self.object_id is None:
            raise TTVOSError(f"{self}: say whose box it is")
        if self.object_id is not None:
            check_id(self.object_id)

    def __str__(self) -> str:
        """What error messages call it."""
        if isinstance(self.mask, str | Path):
            return str(self.mask)
        kind = "mask" if self.mask is not None else "box"
        return f"the {kind} in frame {self.frame}"

    def given(self, size: Size) -> dict[int, Given]:
        """Id -> what is given of that object.

        Args:
            size: (height, width) of the video.

        Raises:
            TTVOSError: the mask cannot be read, or has another size; the box is outside; the object is not in the mask.
        """
        if self.mask is None:
            boxes = objects_in_boxes({self.object_id: self.box}, size)  # type: ignore[dict-item]
            return {object_id: Given(covered, is_box=True) for object_id, covered in boxes.items()}
        mask = self.mask if isinstance(self.mask, np.ndarray) else read_mask(self.mask)
        objects = objects_in_mask(mask, size, str(self), white=self.object_id or 1)
        if self.object_id is not None:
            if self.object_id not in objects:
                raise TTVOSError(f"{self}: holds no object {self.object_id}: its objects are {list(objects)}")
            objects = {self.object_id: objects[self.object_id]}
        return {object_id: Given(covered) for object_id, covered in objects.items()}


class Prompts:
    """The prompts of a video, checked, by frame and by object.

    Attributes:
        frames: object id -> indices of the frames in which it is given, ascending.
        size: (height, width) of the video's frames.
        first, last: the first and the last frame in which anything is given.
    """

    def __init__(self, prompts: Iterable[Prompt], size: Size, count: int | None = None):
        """Checks prompts; files are read once for that.

        Args:
            prompts: at least one, in any order.
            size: (height, width) of the video's frames.
            count: number of its frames, None if that is not known.

        Raises:
            TTVOSError: as `Prompt.given`; a frame that the video does not have; too many objects; an object that is
                given twice in a frame. What names an object may be beside a mask of all objects, and wins.
        """
        self.size = size
        self._prompts: dict[int, list[Prompt]] = {}
        frames: dict[int, set[int]] = {}
        seen: set[tuple[int, int, bool]] = set()
        for prompt in prompts:
            if prompt.frame < 0 or (count is not None and prompt.frame >= count):
                last = "" if count is None else f" to {count - 1}"
                raise TTVOSError(f"frame {prompt.frame}: the frames of the video are 0{last}")
            for object_id in prompt.given(size):
                as_given = prompt.frame, object_id, prompt.object_id is None
                if as_given in seen:
                    raise TTVOSError(f"{prompt}: object {object_id} is given twice in frame {prompt.frame}")
                seen.add(as_given)
                frames.setdefault(object_id, set()).add(prompt.frame)
            self._prompts.setdefault(prompt.frame, []).append(prompt)
        if not frames:
            raise TTVOSError("prompts: give at least one mask or box")
        check_count(len(frames), "masks and boxes")
        self.frames: Mapping[int, tuple[int, ...]] = {i: tuple(sorted(frames[i])) for i in sorted(frames)}
        self.first, self.last = min(self._prompts), max(self._prompts)

    def at(self, frame: int) -> dict[int, Given]:
        """What is given in a frame: id -> Given, boxes last; empty in most frames."""
        prompts = sorted(self._prompts.get(frame, ()), key=lambda each: (each.object_id is not None, each.mask is None))
        return {object_id: given for prompt in prompts for object_id, given in prompt.given(self.size).items()}
