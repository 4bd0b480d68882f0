"""The one harness for a Keras network against the files made of it: chained frames, a threshold for each output.

    expected = track(KerasModel(network), frames, masks)
    got = track(TFLiteModel(path, 1, runtime), frames, masks)
    assert_parity(got, expected, {"probability": Within(largest=1e-3), "state_template": Within(relative=1e-3)})

Each side goes on from its own state, so that errors that grow are seen. What `init` gives is the state, whatever its
names are. One object runs through `step`; several, or `fused=False`, through `encode`, `segment` and `update`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.metrics import iou, relative_error
from ttvos_tf.runtime.aggregation import soft_aggregate

Tensors = dict[str, np.ndarray]
Run = list[list[Tensors]]
"""Frame after the first -> object -> its outputs: `probability` and the state."""


@dataclass(frozen=True)
class Within:
    """How near an output has to be; what is None is not asked.

    Attributes:
        largest: absolute difference of any entry.
        relative: norm of the difference over the norm of what is expected.
        iou: least IoU of masks; of outputs in [0, 1].
    """

    largest: float | None = None
    relative: float | None = None
    iou: float | None = None

    def fault(self, got: np.ndarray, expected: np.ndarray) -> str | None:
        """What is wrong; None if nothing is."""
        if self.largest is not None and (found := np.abs(got - expected).max()) > self.largest:
            return f"is off by {found:.3g}, more than {self.largest}"
        if self.relative is not None and (found := relative_error(got, expected)) > self.relative:
            return f"has a relative error of {found:.3g}, more than {self.relative}"
        if self.iou is not None and (found := iou(got, expected)) < self.iou:
            return f"has an IoU of {found:.4f}, less than {self.iou}"
        return None


class KerasModel:
    """A Keras network, called as a file is."""

    def __init__(self, network):
        self.network = network

    def __call__(self, signature: str, tensors: Mapping) -> dict:
        network = self.network
        match signature:
            case "init":
                return network.init(tensors["frame"], tensors["mask"])
            case "step":
                probability, state = network.step(tensors["frame"], tensors)
                return {"probability": probability, **state}
            case "encode":
                return network.encode(tensors["frame"])
            case "segment":
                return {"logit": network.infer_logit(tensors, tensors)}
            case "update":
                return network.update(tensors, tensors["mask_prob"], tensors)
        raise KeyError(signature)


def track(model: Callable, frames: np.ndarray, masks: Sequence[np.ndarray], fused: bool | None = None) -> Run:
    """Runs a network or file through a clip.

    Args:
        model: called with the name of a signature and tensors by name.
        frames: uint8 (T, H, W, 3).
        masks: of each object in the first frame, (H, W), 1 where it is.
        fused: by `step`; None: if there is one object.
    """
    fused = len(masks) == 1 if fused is None else fused
    given = [np.asarray(mask, np.float32)[None, ..., None] for mask in masks]
    states = [model("init", {"frame": frames[:1], "mask": mask}) for mask in given]
    run = []
    for frame in frames[1:]:
        after = (_step if fused else _step_in_parts)(model, frame[None], states)
        states = [{name: value for name, value in outputs.items() if name != "probability"} for outputs in after]
        run.append([{name: np.asarray(value) for name, value in outputs.items()} for outputs in after])
    return run


def _step(model: Callable, frame: np.ndarray, states: list[dict]) -> list[dict]:
    return [model("step", {"frame": frame, **state}) for state in states]


def _step_in_parts(model: Callable, frame: np.ndarray, states: list[dict]) -> list[dict]:
    features = model("encode", {"frame": frame})
    logits = np.stack([np.asarray(model("segment", {**features, **state})["logit"]) for state in states])
    shares = soft_aggregate(logits)[1:]
    return [
        {"probability": share, **model("update", {**features, **state, "mask_prob": share})}
        for share, state in zip(shares, states, strict=True)
    ]


def assert_parity(got: Run, expected: Run, thresholds: Mapping[str, Within]) -> None:
    """Checks every frame, object and output that has a threshold, and that there is something to check."""
    assert expected and len(got) == len(expected), (len(got), len(expected))
    assert all(np.ptp(outputs["probability"]) > 0 for objects in expected for outputs in objects), "a constant mask"
    for index, (objects, wanted) in enumerate(zip(got, expected, strict=True), start=1):
        for number, (outputs, reference) in enumerate(zip(objects, wanted, strict=True)):
            for name, within in thresholds.items():
                fault = within.fault(outputs[name], reference[name])
                assert fault is None, f"frame {index}, object {number}: {name} {fault}"
