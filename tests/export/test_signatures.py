"""What is exported, before it is converted, against the network's own methods."""

import numpy as np
import pytest

from tests.parity import KerasModel, Within, assert_parity, track
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.export.signatures import Signatures
from ttvos_tf.factory import build_model

SIZE = (32, 64)
NEAR = {
    "probability": Within(largest=1e-5),
    "state_mask": Within(largest=1e-5),
    "state_feat16": Within(relative=1e-5),
    "state_template": Within(relative=1e-4),
    "state_count": Within(largest=0),
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    config = ModelConfig(matching_channels=8, decoder_channels=8, past_masks=2, reach=0.5)
    return build_model(config, height=SIZE[0], width=SIZE[1])


@pytest.fixture(scope="module")
def clip():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, *SIZE, 3), dtype=np.uint8)
    masks = np.zeros((2, *SIZE))
    masks[0, 8:24, 8:32] = masks[1, 4:20, 40:60] = 1
    return frames, masks


def input_names(function):
    return [spec.name for spec in tf.nest.flatten(function.structured_input_signature)]


def called(network, *parts):
    """Signatures, called as a file is; in a pair, `encode` gives the features that the others take for the frame."""
    functions = {name: run for part in parts for name, run in Signatures(network, part).concrete().items()}

    def run(signature, tensors):
        if len(parts) == 2 and signature != "encode" and "frame" in tensors:
            tensors = {**tensors, **run("encode", tensors)}
        names = input_names(functions[signature])
        return functions[signature](*(tf.convert_to_tensor(tensors[name]) for name in names))

    return run


@pytest.mark.parametrize("parts", [(None,), ("encode", "head")], ids=["whole", "pair"])
@pytest.mark.parametrize("objects", [1, 2])
def test_they_compute_what_the_network_does(network, clip, parts, objects):
    frames, masks = clip
    got = track(called(network, *parts), frames, masks[:objects])
    assert_parity(got, track(KerasModel(network), frames, masks[:objects]), NEAR)


def test_which_there_are(network):
    names = {part: set(Signatures(network, part).concrete()) for part in (None, "encode", "head")}
    everything = {"init", "step", "encode", "segment", "update"}
    assert names == {None: everything, "encode": {"encode"}, "head": everything - {"encode"}}


@pytest.mark.parametrize("part", [None, "head"])
def test_a_state_fits_back_in(network, part):
    """Names, shapes and dtypes of what `init`, `step` and `update` give are those that they and `segment` take."""
    functions = Signatures(network, part).concrete()
    given = {name: (tensor.shape, tensor.dtype) for name, tensor in functions["init"].structured_outputs.items()}
    assert {name.split("_")[0] for name in given} == {"state"}
    for signature in ("step", "update"):
        outputs = functions[signature].structured_outputs
        assert {name: (outputs[name].shape, outputs[name].dtype) for name in given} == given
    taken = {
        spec.name: (spec.shape, spec.dtype)
        for signature in ("step", "segment", "update")
        for spec in tf.nest.flatten(functions[signature].structured_input_signature)
        if spec.name.startswith("state_")
    }
    assert taken == given


def test_frames_are_bytes_of_the_networks_size(network):
    for name in ("init", "step", "encode"):
        specs = tf.nest.flatten(Signatures(network).concrete()[name].structured_input_signature)
        (frame,) = (spec for spec in specs if spec.name == "frame")
        assert frame.dtype == tf.uint8 and tuple(frame.shape) == (1, *SIZE, 3)
