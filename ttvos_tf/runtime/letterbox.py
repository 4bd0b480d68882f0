"""How a frame of any size goes into a model of fixed size, and how the result comes back.

A frame that fits and nearly fills the model in one dimension keeps its pixels and is only padded (854x480 in 864x480);
any other is resized with its aspect kept, then padded. Padding repeats the last column and row, on the right and below,
so that undoing it is a crop.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.resize import resize_by_side
from ttvos_tf.media.sizes import Size, format_size

MIN_SIZE = 16  # the coarsest features have a stride of 16: less is not a picture
STRETCH_THRESHOLD = 0.9


@dataclass(frozen=True)
class Letterbox:
    """Where frames of one size lie in a model's input.

    Attributes:
        source: size of the frames.
        model: size of the model's input.
        inner: size of the frame in the top left corner of the input; equal to `source` if nothing is resampled.
    """

    source: Size
    model: Size
    inner: Size

    def frame_to_model(self, frame: np.ndarray) -> np.ndarray:
        """uint8 (H, W, 3) of the source's size -> uint8 (1, h, w, 3) of the model's."""
        return self._pad(resize_by_side(frame, self.inner))[None]

    def mask_to_model(self, mask: np.ndarray) -> np.ndarray:
        """bool (H, W) of the source's size -> float32 (1, h, w, 1): the share of each pixel that is covered, 0 to 1."""
        return self._pad(resize_by_side(mask.astype(np.float32), self.inner))[None, ..., None]

    def map_to_source(self, soft: np.ndarray) -> np.ndarray:
        """float32 (h, w) of the model's size -> float32 (H, W) of the source's, bilinear where it was resampled."""
        inner = soft[: self.inner[0], : self.inner[1]]
        if self.inner == self.source:
            return inner
        return cv2.resize(inner, self.source[::-1], interpolation=cv2.INTER_LINEAR)

    def _pad(self, image: np.ndarray) -> np.ndarray:
        if self.inner == self.model:
            return image
        below, right = self.model[0] - self.inner[0], self.model[1] - self.inner[1]
        return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)


def letterbox(source: Size, model: Size) -> Letterbox:
    """Places frames of size `source` in a model of size `model`.

    Raises:
        TTVOSError: the frame is smaller than 16 pixels in a dimension.
    """
    if min(source) < MIN_SIZE:
        raise TTVOSError(f"the frame is {format_size(source)}: it must be at least {MIN_SIZE}x{MIN_SIZE}")
    scale = min(model[0] / source[0], model[1] / source[1])
    if 1 <= scale <= 1 / STRETCH_THRESHOLD:
        return Letterbox(source, model, source)
    inner = tuple(min(limit, max(1, round(side * scale))) for side, limit in zip(source, model, strict=True))
    return Letterbox(source, model, (inner[0], inner[1]))
