"""No output of a signature is its input, and CompiledModel then gives what the Interpreter gives."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.compiled_model import disagreements
from tests.toy_model import toy_model
from ttvos_tf.export.own_outputs import give_own_outputs, handed_on_outputs


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    path = tmp_path_factory.mktemp("own_outputs") / "repaired.tflite"
    path.write_bytes(give_own_outputs(toy_model().read_bytes()))
    return path


def test_what_the_converter_gives_has_the_fault():
    """If this fails, the converter or the runtime has mended it, and the pass may go."""
    assert handed_on_outputs(toy_model().read_bytes()) == ["update.state_feat16"]
    assert disagreements(toy_model()) == ["update.state_feat16"]


def test_no_output_is_an_input_any_more(repaired):
    assert handed_on_outputs(repaired.read_bytes()) == []


def test_compiled_model_agrees_with_the_interpreter(repaired):
    assert disagreements(repaired) == []


def test_names_shapes_and_values_stay(repaired):
    before, after = Interpreter(str(toy_model())), Interpreter(str(repaired))
    assert before.get_signature_list() == after.get_signature_list()
    rng = np.random.default_rng(1)
    for signature in before.get_signature_list():
        runners = [interpreter.get_signature_runner(signature) for interpreter in (before, after)]
        given = {
            name: (255 * rng.random(tensor["shape"])).astype(tensor["dtype"])
            for name, tensor in runners[0].get_input_details().items()
        }
        expected, got = (runner(**given) for runner in runners)
        for name, value in expected.items():
            np.testing.assert_array_equal(got[name], value, err_msg=f"{signature}.{name}")


def test_a_whole_file_is_left_as_it_is(repaired):
    content = repaired.read_bytes()
    assert give_own_outputs(content) is content
