"""Follows objects through a video, frame by frame."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.limits import is_whole, shown
from ttvos_tf.media.sizes import Size, check_frame, format_size, size_of
from ttvos_tf.runtime.aggregation import background, most_probable, soft_aggregate
from ttvos_tf.runtime.interpreter import Tensors, TFLiteModel
from ttvos_tf.runtime.letterbox import Letterbox, letterbox
from ttvos_tf.runtime.objects import Box, Given, check_count, objects_in_boxes, objects_in_mask
from ttvos_tf.runtime.scores import Recognition, Score, recognize_all, score_all
from ttvos_tf.runtime.split_model import SplitModel

MIN_BOX_COVERAGE = 0.05  # of a box, for what was found in it to be taken for the object

Boxes = Sequence[Box] | Mapping[int, Box]


class Tracker:
    """Labels every frame of a video, given masks or boxes of the objects in its first one.

    Frames are uint8 (H, W, 3), RGB, of any size from 16x16, the same throughout a video; results have that size. The
    state is small and fixed, so a video may have any length. Objects may join, be corrected and leave at any frame.
    Frames may come in the order of time or against it.

    One object runs the fused signature `step`. Several share one `encode` a frame, are segmented one by one, joined by
    soft aggregation (section 3.1 of the paper), and updated one by one with their share of it.

    Attributes:
        model: the loaded model; `model.name`, `model.size`, `model.runtime` say what runs.
    """

    def __init__(
        self,
        model: str | Path,
        num_threads: int = 2,
        runtime: str = "auto",
        encoder: str | Path | None = None,
        delegate: str | None = None,
    ):
        """Loads a model.

        Args:
            model: path of a `.tflite` file, or name of an installed model (`ttvos models`).
            num_threads: threads of the kernels.
            runtime: "auto", "litert" or "tflite-runtime".
            encoder: if `model` is the head of a Coral pair, the path of its encoder.
            delegate: with an encoder, the library that runs it: "libedgetpu.so.1" for a Coral.

        Raises:
            TTVOSError: the model cannot be loaded, or the runtime is not installed.
        """
        if encoder is None:
            if delegate:
                raise TTVOSError(f"delegate {shown(delegate)}: it runs the encoder of a Coral pair, and none is given")
            self.model = TFLiteModel(model, num_threads, runtime)
        else:
            self.model = SplitModel(model, encoder, delegate, num_threads, runtime)
        self.reset()

    def reset(self) -> None:
        """Forgets the video: the next call is `start`."""
        self._letterbox: Letterbox | None = None
        self._states: dict[int, Tensors] = {}
        # Per object, float32 (H, W): its probability in the last frame. The background has the rest.
        self._soft: dict[int, np.ndarray] = {}

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of the tracked objects, in the order of `probabilities`."""
        return tuple(self._states)

    @property
    def probabilities(self) -> np.ndarray:
        """Soft maps of the last frame: float32 (K + 1, H, W), summing to 1; background first, then `ids`."""
        size = self._started().source
        maps = np.empty((1 + len(self._soft), *size), np.float32)
        maps[0] = background(self._soft, size)
        for index, soft in enumerate(self._soft.values(), start=1):
            maps[index] = soft
        return maps

    @property
    def soft_maps(self) -> dict[int, np.ndarray]:
        """Id -> float32 (H, W): `probabilities` without the background; not to be written to."""
        return dict(self._soft)

    @property
    def states(self) -> dict[int, Tensors]:
        """Id -> the object's state, as the last frame left it, with which `resume` goes on; not to be written to."""
        return dict(self._states)

    @property
    def recognition(self) -> dict[int, Recognition | None]:
        """Id -> how the object compares with what was given of it; None if the model has no memory."""
        return recognize_all(self._states)

    @property
    def scores(self) -> dict[int, Score]:
        """Id -> how the object fares in the last frame, and whether it is probably lost (scores.Score)."""
        if self._letterbox is None:
            return {}
        return score_all(most_probable(self._soft, self._letterbox.source), self._soft, self.recognition)

    def start(self, frame: np.ndarray, mask: np.ndarray | None = None, boxes: Boxes | None = None) -> np.ndarray:
        """Begins a video, dropping the one before.

        Args:
            frame: its first frame, uint8 (H, W, 3) RGB.
            mask: uint8 (H, W), pixel value = object id: 1 to 254, 0 background, 255 void. A mask of only 0 and 255 is
                one object of id 1.
            boxes: instead of a mask, (x, y, width, height) in pixels per object; the ids are 1, 2, ..., or those of a
                dict. The network looks for the object in its box, which takes a step more.

        Returns:
            uint8 (H, W): the labels as given, void as background.

        Raises:
            TTVOSError: wrong frame, mask or boxes, or too many objects (objects.MAX_OBJECTS).
        """
        size = _frame_size(frame)
        place = letterbox(size, self.model.size)
        objects = _objects("start", size, mask, boxes)
        self.reset()
        self._letterbox = place
        return self.give(frame, objects)

    def resume(self, size: Size, states: Mapping[int, Tensors]) -> None:
        """Goes on with a video, dropping the one before: the next call is `step`.

        Args:
            size: (height, width) of its frames.
            states: what `states` was after its last frame, with the same model.
        """
        place = letterbox(size, self.model.size)
        self.reset()
        self._letterbox, self._states = place, dict(states)

    def step(self, frame: np.ndarray) -> np.ndarray:
        """Labels the next frame.

        Args:
            frame: uint8 (H, W, 3) RGB, of the first frame's size.

        Returns:
            uint8 (H, W): per pixel the most probable object's id, 0 where the background is.

        Raises:
            TTVOSError: `start` was not called, or the frame has another type or size.
        """
        image = self._to_model(frame)
        if len(self._states) == 1:
            self._step_one(image)
        elif self._states:
            self._step_several(image)
        return self._labels()

    def add_object(self, frame: np.ndarray, mask: np.ndarray | None = None, boxes: Boxes | None = None) -> np.ndarray:
        """Takes up more objects, in the frame that `step` or `start` saw last.

        Args:
            frame: that frame.
            mask: uint8 (H, W), the new objects' ids as in `start`.
            boxes: instead of a mask, as in `start`; without a dict, the ids are the lowest that are not tracked.

        Returns:
            uint8 (H, W): that frame's labels, with the new objects on top.

        Raises:
            TTVOSError: as `start`; an id is tracked already.
        """
        self._to_model(frame)
        objects = _objects("add_object", _frame_size(frame), mask, boxes, taken=self._states)
        for known in objects.keys() & self._states.keys():
            raise TTVOSError(
                f"the {'mask' if boxes is None else 'boxes'}: object {known} is tracked already: "
                "correct it, remove it first, or use another id"
            )
        return self.give(frame, objects)

    def correct(
        self,
        frame: np.ndarray,
        mask: np.ndarray | None = None,
        ids: Collection[int] | None = None,
        boxes: Mapping[int, Box] | None = None,
    ) -> np.ndarray:
        """Puts tracked objects right, in the frame that `step` or `start` saw last.

        Args:
            frame: that frame.
            mask: uint8 (H, W), the objects' ids as in `start`.
            ids: which of the mask's objects are meant; the others stay as they are tracked. None: all it holds.
            boxes: instead of a mask, id -> (x, y, width, height) in pixels.

        Returns:
            uint8 (H, W): that frame's labels, with the corrected objects on top.

        Raises:
            TTVOSError: as `start`; an object is not tracked, or not in the mask.
        """
        self._to_model(frame)
        objects = _objects("correct", _frame_size(frame), mask, boxes)
        if ids is not None:
            if isinstance(ids, str | bytes) or not isinstance(ids, Collection) or not all(map(is_whole, ids)):
                raise TTVOSError(f"ids: must be a list of object ids, not {shown(ids)}")
            for missing in set(ids) - objects.keys():
                raise TTVOSError(f"correct: object {missing} is not in the mask: it holds {list(objects)}")
            objects = {object_id: objects[object_id] for object_id in objects if object_id in set(ids)}
        for unknown in objects.keys() - self._states.keys():
            raise TTVOSError(f"correct: object {unknown} is not tracked: tracked are {list(self._states)}")
        return self.give(frame, objects)

    def remove_object(self, object_id: int) -> None:
        """Stops tracking an object; without any, `step` gives zeros until one is added.

        Raises:
            TTVOSError: it is not tracked.
        """
        if not is_whole(object_id) or object_id not in self._states:
            raise TTVOSError(f"object {shown(object_id)} is not tracked: tracked are {list(self._states)}")
        del self._states[object_id], self._soft[object_id]

    def give(self, frame: np.ndarray, objects: Mapping[int, Given]) -> np.ndarray:
        """Takes up objects, or puts them right: what `start`, `add_object` and `correct` come down to.

        Args:
            frame: the frame that `step` or `start` saw last; the first one, if no video has begun.
            objects: id -> what is given. What comes later lies on top.

        Returns:
            uint8 (H, W): that frame's labels, with these objects on top.

        Raises:
            TTVOSError: a frame of another size, or too many objects.
        """
        if self._letterbox is None:
            self._letterbox = letterbox(_frame_size(frame), self.model.size)
        image = self._to_model(frame)
        check_count(len(objects.keys() | self._states.keys()), "all objects together")
        for object_id, given in objects.items():
            mask = self._letterbox.mask_to_model(given.covered)
            self._states[object_id] = (self._init_in_box if given.is_box else self._init)(image, mask)
            for soft in self._soft.values():
                soft[given.covered] = 0
            self._soft[object_id] = given.covered.astype(np.float32)
        return self._labels()

    def _init(self, image: np.ndarray, mask: np.ndarray) -> Tensors:
        return self.model("init", {"frame": image, "mask": mask})

    def _init_in_box(self, image: np.ndarray, box: np.ndarray) -> Tensors:
        """A box holds background too, so the state is that of what the network finds in it; of the box, if nothing."""
        state = self._init(image, box)
        found = box * self.model("step", {"frame": image, **state})["probability"]
        return self._init(image, found) if found.sum() >= MIN_BOX_COVERAGE * box.sum() else state

    def _step_one(self, image: np.ndarray) -> None:
        ((object_id, state),) = self._states.items()
        outputs = self.model("step", {"frame": image, **state})
        probability = outputs.pop("probability")[0, ..., 0]
        self._states[object_id] = outputs
        self._soft[object_id] = self._started().map_to_source(probability)

    def _step_several(self, image: np.ndarray) -> None:
        features = self.model("encode", {"frame": image})
        logits = [self.model("segment", {**features, **state})["logit"][0, ..., 0] for state in self._states.values()]
        probabilities = soft_aggregate(np.stack(logits))[1:]
        for (object_id, state), probability in zip(self._states.items(), probabilities, strict=True):
            given = {**features, **state, "mask_prob": probability[None, ..., None]}
            self._states[object_id] = self.model("update", given)
            self._soft[object_id] = self._started().map_to_source(probability)

    def _labels(self) -> np.ndarray:
        return most_probable(self._soft, self._started().source)

    def _started(self) -> Letterbox:
        if self._letterbox is None:
            raise TTVOSError("no video has begun: call start with its first frame and a mask or boxes")
        return self._letterbox

    def _to_model(self, frame: np.ndarray) -> np.ndarray:
        begun, size = self._started(), _frame_size(frame)
        if size != begun.source:
            raise TTVOSError(
                f"the frame is {format_size(size)}, but the video began with {format_size(begun.source)}: "
                "resize it, or call start for a new video"
            )
        return begun.frame_to_model(np.ascontiguousarray(frame))


def _objects(
    caller: str,
    size: Size,
    mask: np.ndarray | None,
    boxes: Boxes | None,
    taken: Collection[int] = (),
) -> dict[int, Given]:
    """What is given of each object, by a mask or by boxes."""
    if boxes is not None and mask is None:
        return {i: Given(covered, is_box=True) for i, covered in objects_in_boxes(boxes, size, taken).items()}
    if mask is not None and boxes is None:
        return {i: Given(covered) for i, covered in objects_in_mask(mask, size).items()}
    raise TTVOSError(f"{caller}: give either a mask or boxes")


def _frame_size(frame: np.ndarray) -> Size:
    check_frame(frame)
    return size_of(frame)
