"""Integers at the door, against the same file with the float32 door that the converter gave it."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.clips import large_target, two_masks
from ttvos_tf.compat import keras, tf
from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError
from ttvos_tf.export import convert as converting
from ttvos_tf.export.integer_io import encoded_quantization, integer_inputs_and_outputs
from ttvos_tf.factory import build_model
from ttvos_tf.quantization import calibrate, quantize

SIZE = (32, 64)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    network = build_model(ModelConfig(matching_channels=8, decoder_channels=8), height=SIZE[0], width=SIZE[1])
    for layer in network.encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # random features that are worth rounding
            layer.moving_variance.assign(0.1 * tf.ones_like(layer.moving_variance))
    quantized = quantize(network)
    calibrate(quantized, [large_target(3, SIZE)])
    return network, quantized


@pytest.fixture(scope="module")
def doors(network):
    """The converter's file, and the file with integers at the door."""
    with pytest.MonkeyPatch.context() as patch:
        seen = []

        def note(content, quantization):
            seen.append(content)
            return integer_inputs_and_outputs(content, quantization)

        patch.setattr(converting, "integer_inputs_and_outputs", note)
        result = converting.convert(network[1], "int8")
    (given,) = seen
    return Interpreter(model_content=given), Interpreter(model_content=result)


def run(interpreter, signature, tensors):
    """The outputs, and how each is quantised, of those inputs that the signature has."""
    runner = interpreter.get_signature_runner(signature)
    details = runner.get_output_details()
    outputs = runner(**{name: tensors[name] for name in runner.get_input_details()})
    return outputs, {name: details[name]["quantization"] for name in outputs}


def real(outputs, quantizations):
    """What int8 outputs mean; float ones as they are."""
    return {
        name: (value.astype(np.float32) - quantizations[name][1]) * np.float32(quantizations[name][0])
        if value.dtype == np.int8
        else value
        for name, value in outputs.items()
    }


def test_no_value_changes(doors):
    """Over a clip: what the file with a float door gives is what the other's integers mean, to the last bit."""
    floating, integer = doors
    clip = large_target(3, SIZE)
    frames, mask = clip.frames, two_masks(clip)[0].astype(np.float32)[None, ..., None]
    states = [run(each, "init", {"frame": frames[:1], "mask": mask}) for each in doors]
    for frame in frames[1:]:
        found = []
        for each, (state, _) in zip(doors, states, strict=True):
            features, quantizations = run(each, "encode", {"frame": frame[None]})
            logit, _ = run(each, "segment", {**features, **state})
            share = {"mask_prob": 1 / (1 + np.exp(-2 * logit["logit"]))}
            after, of_state = run(each, "update", {**features, **state, **share})
            stepped, of_step = run(each, "step", {"frame": frame[None], **state})
            found.append(
                [real(features, quantizations), logit, real(after, of_state), real(stepped, of_step), (after, of_state)]
            )
        states = [results.pop() for results in found]
        for expected, got in zip(*found, strict=True):
            assert expected.keys() == got.keys()
            for name, value in expected.items():
                np.testing.assert_array_equal(got[name], value, err_msg=name)
    assert floating is not integer


def test_what_is_integer(doors):
    def dtypes(interpreter, signature):
        runner = interpreter.get_signature_runner(signature)
        sides = runner.get_input_details(), runner.get_output_details()
        return {name: np.dtype(detail["dtype"]).name for side in sides for name, detail in side.items()}

    floating, integer = doors
    assert set(dtypes(floating, "segment").values()) == {"float32"}
    features = {"feat4": "int8", "feat8": "int8", "feat16": "int8"}
    assert dtypes(integer, "encode") == {"frame": "uint8", **features}
    segment = dtypes(integer, "segment")
    assert segment == {
        **features,
        "state_mask": "float32",
        "state_feat16": "int8",
        "state_template": "float32",
        "logit": "float32",
    }


def test_a_float_file_is_refused(network):
    with pytest.raises(TTVOSError, match=r"signature encode: feat\d+ is not int8: the network was not quantised"):
        encoded_quantization(converting.convert(network[0]))


def test_a_frame_that_is_computed_with_is_refused(doors, network):
    """Of a file whose encoder is a float one, the quantisation of another is of no use."""

    @tf.function(input_signature=[tf.TensorSpec((1, 4, 4, 3), tf.uint8, "frame")])
    def encode(frame):
        return {"feat4": tf.nn.max_pool2d(tf.cast(frame, tf.float32) / 127.5 - 1.0, 2, 2, "VALID")}

    module = tf.Module()
    module.encode = encode
    converter = tf.lite.TFLiteConverter.from_concrete_functions([encode.get_concrete_function()], module)
    content = with_signature(converter.convert())
    with pytest.raises(TTVOSError, match="signature encode: frame is computed with before it is quantised"):
        integer_inputs_and_outputs(content, {})


def with_signature(content):
    """A signature `encode` for a converted function."""
    from ttvos_tf.inspection import schema

    model = schema.parse(content)
    (signature,) = model.signatureDefs
    signature.signatureKey = b"encode"
    return schema.pack(model)
