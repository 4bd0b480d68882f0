import numpy as np
import pytest

from ttvos_tf.contract import Tensor
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection.tflite_file import read_tflite


@pytest.fixture(scope="module")
def module():
    from ttvos_tf.compat import tf

    rng = np.random.default_rng(0)

    def variable(*shape):
        return tf.Variable(rng.normal(size=shape).astype(np.float32))

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.conv = variable(3, 3, 16, 32)
            self.bias = variable(32)
            self.depthwise = variable(3, 3, 32, 1)
            self.transposed = variable(4, 4, 8, 32)
            self.dense = variable(8, 24)

        @tf.function(input_signature=[tf.TensorSpec((1, 6, 8, 16), tf.float32, "x")])
        def convolutions(self, x):
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, self.conv, 2, "SAME"), self.bias))
            x = tf.nn.depthwise_conv2d(x, self.depthwise, [1, 1, 1, 1], "SAME")
            x = tf.nn.conv2d_transpose(x, self.transposed, (1, 6, 8, 8), 2)
            return {"y": tf.matmul(tf.reshape(x, (48, 8)), self.dense)}

        @tf.function(
            input_signature=[tf.TensorSpec((1, 5, 7), tf.float32, "a"), tf.TensorSpec((1, 5, 9), tf.float32, "b")]
        )
        def products(self, a, b):
            transposed = tf.matmul(a, b, transpose_a=True)  # (7 x 5) (5 x 9)
            return {"z": tf.matmul(transposed, b, transpose_b=True)}  # (7 x 9) (9 x 5)

        @tf.function(input_signature=[tf.TensorSpec((1, 6, 8, 16), tf.float32, "x")])
        def again(self, x):
            return {"y": tf.nn.bias_add(tf.nn.conv2d(x, self.conv, 1, "SAME"), self.bias)}

    return Module()


SIGNATURES = ["convolutions", "products", "again"]
WEIGHTS = 3 * 3 * 16 * 32 + 32 + 3 * 3 * 32 + 4 * 4 * 8 * 32 + 8 * 24


@pytest.fixture(scope="module")
def converter(module, tmp_path_factory):
    from ttvos_tf.compat import tf

    folder = str(tmp_path_factory.mktemp("saved"))
    tf.saved_model.save(module, folder, signatures={name: getattr(module, name) for name in SIGNATURES})

    def convert(path, **options):
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=SIGNATURES)
        for name, value in options.items():
            setattr(converter, name, value)
        path.write_bytes(converter.convert())
        return path

    return convert


def half_precision():
    from ttvos_tf.compat import tf

    types = tf.lite.TargetSpec(supported_types=[tf.float16])
    return {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": types}


@pytest.mark.parametrize("options", [dict, half_precision])
def test_counts(converter, tmp_path, options):
    file = read_tflite(converter(tmp_path / "a.tflite", **options()))

    assert file.size_bytes == (tmp_path / "a.tflite").stat().st_size
    products = {name: signature.multiply_adds for name, signature in file.signatures.items()}
    convolution = 3 * 4 * 9 * 16 * 32
    rest = 3 * 4 * 9 * 32 + 3 * 4 * 16 * 32 * 8 + 48 * 8 * 24
    assert products == {
        "convolutions": convolution + rest,
        "products": 7 * 5 * 9 + 7 * 9 * 5,
        "again": 6 * 8 * 9 * 16 * 32,
    }
    # Each weight once, though `again` shares some; the converter adds zero biases of its own.
    assert WEIGHTS <= file.parameters <= WEIGHTS + 32 + 8 + 24
    assert file.signatures["convolutions"].inputs == {"x": Tensor((1, 6, 8, 16), "float32")}
    assert file.signatures["products"].outputs == {"z": Tensor((1, 7, 5), "float32")}


def test_quantised_weights_and_biases_are_parameters(converter, tmp_path):
    from ttvos_tf.compat import tf

    def samples():
        rng = np.random.default_rng(0)
        for _ in range(4):
            yield "convolutions", {"x": rng.normal(size=(1, 6, 8, 16)).astype(np.float32)}
            yield "again", {"x": rng.normal(size=(1, 6, 8, 16)).astype(np.float32)}
            yield "products", {name: rng.normal(size=(1, 5, n)).astype(np.float32) for name, n in (("a", 7), ("b", 9))}

    options = {"optimizations": [tf.lite.Optimize.DEFAULT], "representative_dataset": samples}
    file = read_tflite(converter(tmp_path / "a.tflite", **options))
    # int8 biases are scaled by their input, so the two convolutions cannot share theirs: 32 more.
    assert WEIGHTS <= file.parameters <= WEIGHTS + 2 * 32 + 8 + 24


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(converter, tmp_path, share):
    data = converter(tmp_path / "a.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(data[: int(share * len(data))])
    with pytest.raises(TTVOSError, match=r"cut\.tflite"):
        read_tflite(tmp_path / "cut.tflite")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.tflite").write_bytes(b"hello, I am a text file")
    with pytest.raises(TTVOSError, match=r"a\.tflite: not a TFLite file"):
        read_tflite(tmp_path / "a.tflite")
    with pytest.raises(TTVOSError, match="no such"):
        read_tflite(tmp_path / "none.tflite")
