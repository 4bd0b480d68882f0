import importlib

import numpy as np
import pytest

from tests.clips import SIZE, clip
from tests.metrics import iou
from tests.runtimes import RUNTIMES
from tests.toy_model import HEIGHT, WIDTH, toy_model
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime import Tracker
from ttvos_tf.runtime.interpreter import MODULES
from ttvos_tf.runtime.objects import MAX_OBJECTS


@pytest.fixture(params=RUNTIMES)
def tracker(request):
    return Tracker(toy_model(), num_threads=1, runtime=request.param)


class ByHand:
    """What a tracker does for frames of the model's size, written out with the bare interpreter and NumPy."""

    def __init__(self, runtime):
        module = importlib.import_module(MODULES[runtime])
        self.interpreter = module.Interpreter(str(toy_model()))
        self.states = {}

    def call(self, signature, **tensors):
        runner = self.interpreter.get_signature_runner(signature)
        return runner(**{name: tensors[name] for name in runner.get_input_details()})

    def add(self, frame, mask, *ids):
        for i in ids:
            given = (mask == i).astype(np.float32)[None, ..., None]
            self.states[i] = self.call("init", frame=frame[None], mask=given)

    def step(self, frame):
        """float32 (K, H, W): the objects' probabilities."""
        if len(self.states) == 1:
            ((i, state),) = self.states.items()
            self.states[i] = self.call("step", frame=frame[None], **state)
            return self.states[i].pop("probability")[..., 0]
        features = self.call("encode", frame=frame[None])
        logits = np.concatenate([self.call("segment", **features, **s)["logit"] for s in self.states.values()], -1)
        p = 1 / (1 + np.exp(-logits.astype(np.float64)))
        odds = np.concatenate([(1 - p).min(-1, keepdims=True) / (1 - (1 - p).min(-1, keepdims=True)), p / (1 - p)], -1)
        p = (odds / odds.sum(-1, keepdims=True))[..., 1:].astype(np.float32)
        for k, (i, state) in enumerate(self.states.items()):
            self.states[i] = self.call("update", **features, **state, mask_prob=p[..., k : k + 1])
        return p[0].transpose(2, 0, 1)


def check(tracker, labels, expected):
    """Soft maps and labels are as expected: float32 (K, H, W) of the tracked ids."""
    maps = tracker.probabilities
    assert maps.dtype == np.float32 and labels.dtype == np.uint8 and labels.shape == maps.shape[1:]
    np.testing.assert_allclose(maps[1:], expected, atol=2e-5)
    np.testing.assert_allclose(maps.sum(0), 1, atol=1e-5)
    clear = np.ptp(np.sort(maps, axis=0)[-2:], axis=0) > 1e-4  # elsewhere two labels are equally good
    assert np.array_equal(labels[clear], np.array([0, *tracker.ids])[maps.argmax(0)][clear])


def test_one_object(tracker):
    frames, truth = clip(12)
    by_hand = ByHand(tracker.model.runtime)
    assert np.array_equal(tracker.start(frames[0], truth[0]), truth[0])
    by_hand.add(frames[0], truth[0], 1)
    for frame, expected in zip(frames[1:], truth[1:], strict=True):
        labels = tracker.step(frame)
        check(tracker, labels, by_hand.step(frame))
        assert iou(labels == 1, expected == 1) > 0.7


def test_several_objects_with_ids_of_their_own(tracker):
    frames, truth = clip(10, ids=(1, 2, 3))
    names = np.uint8([0, 5, 254, 9])
    by_hand = ByHand(tracker.model.runtime)
    by_hand.add(frames[0], names[truth[0]], 5, 9, 254)
    tracker.start(frames[0], names[truth[0]])
    assert tracker.ids == (5, 9, 254)
    for frame, expected in zip(frames[1:], truth[1:], strict=True):
        labels = tracker.step(frame)
        check(tracker, labels, by_hand.step(frame))
        assert all(iou(labels == names[i], expected == i) > 0.7 for i in (1, 2, 3))


def test_objects_join_and_leave_and_the_others_go_on(tracker):
    frames, truth = clip(12, ids=(1, 2, 3))
    by_hand = ByHand(tracker.model.runtime)
    tracker.start(frames[0], np.where(truth[0] == 1, truth[0], 0))
    by_hand.add(frames[0], truth[0], 1)
    for t in range(1, 12):
        labels = tracker.step(frames[t])
        if by_hand.states:
            check(tracker, labels, by_hand.step(frames[t]))
        if t == 3:  # one -> three
            labels = tracker.add_object(frames[t], np.where(truth[t] > 1, truth[t], 0))
            by_hand.add(frames[t], truth[t], 2, 3)
            assert np.array_equal(labels == 2, truth[t] == 2) and np.array_equal(labels == 3, truth[t] == 3)
            assert iou(labels == 1, truth[t] == 1) > 0.7
        if t == 6:  # three -> two
            tracker.remove_object(1)
            del by_hand.states[1]
        if t == 8:  # two -> one
            tracker.remove_object(3)
            del by_hand.states[3]
            assert tracker.ids == (2,) and tracker.probabilities.shape == (2, *SIZE)
        if t == 10:
            tracker.remove_object(2)
            by_hand.states.clear()
    assert not labels.any() and tracker.ids == ()
    assert np.array_equal(tracker.probabilities, np.ones((1, *SIZE)))
    tracker.add_object(frames[-1], truth[-1])
    assert tracker.ids == (1, 2, 3)


def test_new_objects_lie_on_top(tracker):
    frames, truth = clip(2)
    tracker.start(frames[0], truth[0])
    tracker.step(frames[1])
    top = np.zeros(SIZE, np.uint8)
    top[10:20, 12:18] = 7
    labels = tracker.add_object(frames[1], top)
    assert np.array_equal(labels == 7, top == 7)
    background, old, new = tracker.probabilities
    assert np.all(new == (top == 7)) and not old[top == 7].any() and not background[top == 7].any()


def test_a_corrected_object_goes_on_from_the_correction(tracker):
    """As it would if it had just been added; the other objects go on as if nothing had been."""
    frames, truth = clip(8, ids=(1, 2))
    wrong = np.where(truth[0] == 2, truth[0], 0)
    wrong[40:60, 70:90] = 1
    tracker.start(frames[0], wrong)
    by_hand = ByHand(tracker.model.runtime)
    by_hand.add(frames[0], wrong, 1, 2)
    for t in range(1, 4):
        check(tracker, tracker.step(frames[t]), by_hand.step(frames[t]))
    before = tracker.probabilities[2]
    labels = tracker.correct(frames[3], truth[3], ids=[1])
    by_hand.add(frames[3], truth[3], 1)
    assert tracker.ids == (1, 2) and np.array_equal(labels == 1, truth[3] == 1)
    assert np.array_equal(tracker.probabilities[2], np.where(truth[3] == 1, 0, before))
    for t in range(4, 8):
        labels = tracker.step(frames[t])
        check(tracker, labels, by_hand.step(frames[t]))
        assert iou(labels == 1, truth[t] == 1) > 0.7


def test_objects_join_and_are_corrected_by_boxes(tracker):
    frames, truth = clip(6, ids=(1, 2))
    boxes = {1: (8, 6, 22, 20), 2: (20, 36, 22, 20)}
    tracker.start(frames[0], boxes={5: boxes[1]})
    assert tracker.ids == (5,)
    labels = tracker.add_object(frames[0], boxes=[(60, 40, 20, 20)])  # the lowest id that is free
    assert tracker.ids == (5, 1) and labels[40:60, 60:80].all()
    assert np.array_equal(tracker.correct(frames[0], boxes={1: boxes[2]}) == 1, truth[0] == 2)
    for t in range(1, 6):
        labels = tracker.step(frames[t])
        assert iou(labels == 5, truth[t] == 1) > 0.7 and iou(labels == 1, truth[t] == 2) > 0.7


def test_reset_and_start_again_leave_nothing_behind(tracker):
    frames, truth = clip(5, ids=(1, 2))
    runs = []
    for again in range(3):
        tracker.start(frames[0], truth[0])
        runs.append([tracker.step(frame) for frame in frames[1:]])
        runs[-1].append(tracker.probabilities)
        if again:
            tracker.reset()
            assert tracker.ids == ()
            with pytest.raises(TTVOSError, match="no video has begun"):
                tracker.step(frames[0])
    for run in runs[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(runs[0], run, strict=True))


def test_objects_are_looked_for_in_their_boxes(tracker):
    """An object's state is that of what one step finds in its box."""
    frames, _ = clip(2, ids=(1, 2))
    boxes = [(8, 6, 22, 20), (20, 36, 22, 20)]
    labels = np.zeros(SIZE, np.uint8)
    labels[6:26, 8:30], labels[36:56, 20:42] = 1, 2
    assert np.array_equal(tracker.start(frames[0], boxes=boxes), labels)
    by_hand = ByHand(tracker.model.runtime)
    for i in (1, 2):
        box = (labels == i).astype(np.float32)[None, ..., None]
        given = by_hand.call("init", frame=frames[:1], mask=box)
        found = box * by_hand.call("step", frame=frames[:1], **given)["probability"]
        assert 0 < found.sum() < box.sum()
        by_hand.states[i] = by_hand.call("init", frame=frames[:1], mask=found)
    check(tracker, tracker.step(frames[1]), by_hand.step(frames[1]))


def test_box_in_which_nothing_is_found_is_the_mask(tracker, monkeypatch):
    frames, _ = clip(2)
    run = tracker.model.__class__.__call__

    def blind(model, signature, tensors):
        outputs = run(model, signature, tensors)
        return outputs | {"probability": 0 * outputs["probability"]} if signature == "step" else outputs

    with monkeypatch.context() as patch:
        patch.setattr(tracker.model.__class__, "__call__", blind)
        mask = tracker.start(frames[0], boxes=[(8, 6, 22, 20)])
    tracker.step(frames[1])
    from_box = tracker.probabilities
    tracker.start(frames[0], mask)
    tracker.step(frames[1])
    assert np.ptp(from_box) > 0.5
    np.testing.assert_array_equal(from_box, tracker.probabilities)


def test_void_and_black_and_white_masks(tracker):
    frames, truth = clip(1)
    void = truth[0].copy()
    void[0] = 255
    assert np.array_equal(tracker.start(frames[0], void), truth[0])
    assert np.array_equal(tracker.start(frames[0], 255 * truth[0]), truth[0])


@pytest.mark.parametrize("size", [(58, 96), (120, 200), (37, 53), (60, 150)], ids=str)
def test_any_frame_size(size):
    frames, truth = clip(8, size=size)
    tracker = Tracker(toy_model(), num_threads=1)
    tracker.start(frames[0], truth[0])
    for frame, expected in zip(frames[1:], truth[1:], strict=True):
        labels = tracker.step(frame)
        assert labels.shape == size and tracker.probabilities.shape == (2, *size)
        assert iou(labels == 1, expected == 1) > 0.5


def test_the_caller_keeps_its_arrays(tracker):
    """Neither the given arrays are changed by later steps, nor those that were handed out."""
    frames, truth = clip(4, ids=(1, 2))
    given, first = frames.copy(), truth[0].copy()
    handed_out = [tracker.start(frames[0], first), tracker.probabilities, tracker.step(frames[1])]
    copies = [each.copy() for each in handed_out]
    tracker.add_object(frames[1], np.where(truth[1] == 1, 9, 0).astype(np.uint8))
    tracker.step(frames[2])
    assert np.array_equal(frames, given) and np.array_equal(first, truth[0])
    assert all(np.array_equal(a, b) for a, b in zip(handed_out, copies, strict=True))


def test_frames_may_be_views(tracker):
    frames, truth = clip(3)
    tracker.start(frames[0], truth[0])
    straight = [tracker.step(frame) for frame in frames[1:]]
    mirrored = np.ascontiguousarray(frames[..., ::-1])[..., ::-1]
    tracker.start(mirrored[0], truth[0])
    assert np.array_equal(straight, [tracker.step(frame) for frame in mirrored[1:]])


def test_model_says_what_runs(tracker):
    assert tracker.model.name == f"toy_{HEIGHT}x{WIDTH}_float32" and tracker.model.size == (HEIGHT, WIDTH)
    assert tracker.model.runtime in MODULES


FRAME, MASK = np.zeros((*SIZE, 3), np.uint8), np.ones(SIZE, np.uint8)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda t: t.step(FRAME), "no video has begun: call start"),
        (lambda t: t.probabilities, "no video has begun"),
        (lambda t: t.add_object(FRAME, MASK), "no video has begun"),
        (lambda t: t.start(FRAME), "give either a mask or boxes"),
        (lambda t: t.start(FRAME, MASK, boxes=[(0, 0, 9, 9)]), "give either a mask or boxes"),
        (lambda t: t.start(FRAME.astype(np.float32), MASK), r"uint8 array \(height, width, 3\), RGB, not float32"),
        (lambda t: t.start(FRAME[..., 0], MASK), "a frame must be"),
        (lambda t: t.start(None, MASK), "a frame must be .* not NoneType"),
        (lambda t: t.start(FRAME, MASK[:-1]), "the mask: is 96x63, but its frame is 96x64"),
        (lambda t: t.start(FRAME, 0 * MASK), "the mask: holds no object"),
        (lambda t: t.start(FRAME[:9], MASK[:9]), "at least 16x16"),
        (lambda t: t.start(FRAME, boxes=[(96, 0, 9, 9)]), "covers no pixel"),
        (lambda t: (t.start(FRAME, MASK), t.step(FRAME[:-2])), "the frame is 96x62, but the video began with 96x64"),
        (lambda t: (t.start(FRAME, MASK), t.add_object(FRAME, MASK)), "object 1 is tracked already"),
        (lambda t: (t.start(FRAME, MASK), t.add_object(FRAME, 0 * MASK)), "holds no object"),
        (lambda t: (t.start(FRAME, MASK), t.add_object(FRAME)), "add_object: give either a mask or boxes"),
        (
            lambda t: (t.start(FRAME, MASK), t.add_object(FRAME, boxes={1: (0, 0, 9, 9)})),
            "boxes: object 1 is tracked",
        ),
        (lambda t: t.correct(FRAME, MASK), "no video has begun"),
        (lambda t: (t.start(FRAME, MASK), t.correct(FRAME)), "correct: give either a mask or boxes"),
        (lambda t: (t.start(FRAME, MASK), t.correct(FRAME, 2 * MASK)), r"object 2 is not tracked: tracked are \[1\]"),
        (
            lambda t: (t.start(FRAME, MASK), t.correct(FRAME, MASK, ids=[2])),
            "object 2 is not in the mask",
        ),
        (lambda t: (t.start(FRAME, MASK), t.correct(FRAME[:-2], MASK)), "the frame is 96x62"),
        (lambda t: t.start(FRAME, boxes={0: (0, 0, 9, 9)}), "object 0: object ids go from 1 to 254"),
        (lambda t: (t.start(FRAME, MASK), t.remove_object(2)), r"object 2 is not tracked: tracked are \[1\]"),
        (
            lambda t: (t.start(FRAME, boxes=[(0, 0, 9, 9)] * MAX_OBJECTS), t.add_object(FRAME, MASK * 99)),
            f"{MAX_OBJECTS + 1} objects, but at most {MAX_OBJECTS}",
        ),
    ],
)
def test_errors(action, message):
    with pytest.raises(TTVOSError, match=message):
        action(Tracker(toy_model(), num_threads=1))


def test_a_bad_start_keeps_the_video_that_runs(tracker):
    frames, truth = clip(3)
    tracker.start(frames[0], truth[0])
    with pytest.raises(TTVOSError):
        tracker.start(frames[0], 0 * truth[0])
    tracker.step(frames[1])
    assert tracker.ids == (1,)


def test_bad_threads_and_runtimes():
    with pytest.raises(TTVOSError, match="threads must be at least 1, not 0"):
        Tracker(toy_model(), num_threads=0)
    with pytest.raises(TTVOSError, match="runtime: choose one of auto, litert, tflite-runtime, not 'onnx'"):
        Tracker(toy_model(), runtime="onnx")
