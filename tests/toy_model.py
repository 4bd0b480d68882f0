"""A five-signature TFLite model that really tracks, small enough to build in a test: it follows colour and place.

Template: row 0 is the running mean colour of the object, row 1 that of the rest. A pixel's logit says which of the two
its colour is nearer to, and falls away from where the mask was a frame ago. TensorFlow is imported when it is built.
"""

import functools
import tempfile
from pathlib import Path

from ttvos_tf.export.checksum import with_checksum

HEIGHT, WIDTH = 64, 96
NAME = f"toy_{HEIGHT}x{WIDTH}_float32"


@functools.cache
def toy_model(height: int = HEIGHT, width: int = WIDTH) -> Path:
    """Builds the model once a process and returns the path of its file."""
    path = Path(tempfile.mkdtemp(prefix="ttvos_toy_")) / f"ttvos_toy_{height}x{width}_float32.tflite"
    path.write_bytes(with_checksum(_convert(height, width)))
    return path


def _convert(height: int, width: int) -> bytes:
    from ttvos_tf.compat import tf

    def spec(name: str, *shape: int, dtype=tf.float32):
        return tf.TensorSpec((1, *shape) if shape else (1,), dtype, name=name)

    frame = spec("frame", height, width, 3, dtype=tf.uint8)
    feat4 = spec("feat4", height // 4, width // 4, 3)
    feat8 = spec("feat8", height // 8, width // 8, 4)
    feat16 = spec("feat16", height // 16, width // 16, 4)
    state_mask = spec("state_mask", height // 8, width // 8, 2)
    state_feat16 = spec("state_feat16", height // 16, width // 16, 4)
    state_template = spec("state_template", 4, 4)
    state_count = spec("state_count")

    def encode(frame):
        colour = tf.cast(frame, tf.float32) / 127.5 - 1.0
        feat4 = tf.nn.avg_pool2d(colour, 4, 4, "VALID")
        feat8 = tf.pad(tf.nn.avg_pool2d(feat4, 2, 2, "VALID"), [[0, 0], [0, 0], [0, 0], [0, 1]], constant_values=1.0)
        return {"feat4": feat4, "feat8": feat8, "feat16": tf.nn.avg_pool2d(feat8, 2, 2, "VALID")}

    def segment(feat4, feat8, feat16, state_mask, state_feat16, state_template):
        colour = feat4 - 1e-3 * tf.reduce_mean(feat16 - state_feat16, axis=[1, 2], keepdims=True)[..., :3]
        to_object = tf.reduce_sum((colour - state_template[:, None, 0:1, :3]) ** 2, -1, keepdims=True)
        to_rest = tf.reduce_sum((colour - state_template[:, None, 1:2, :3]) ** 2, -1, keepdims=True)
        near = tf.nn.max_pool2d(state_mask[..., 1:], 3, 1, "SAME")
        far = tf.image.resize(1.0 - near, (height, width))
        logit = tf.image.resize(tf.clip_by_value(6.0 * (to_rest - to_object), -4.0, 4.0), (height, width))
        return {"logit": logit - 6.0 * far}

    def update(feat8, feat16, mask_prob, state_template, state_count):
        pooled = tf.nn.avg_pool2d(mask_prob, 8, 8, "VALID")
        both = tf.concat([pooled, 1.0 - pooled], -1)
        sums = tf.matmul(tf.reshape(both, (1, -1, 2)), tf.reshape(feat8, (1, -1, 4)), transpose_a=True)
        means = tf.pad(sums / (sums[..., 3:] + 1e-6), [[0, 0], [0, 2], [0, 0]])
        count = state_count + 1.0
        return {
            "state_mask": tf.concat([1.0 - pooled, pooled], -1),
            "state_feat16": feat16 + 0.0,
            "state_template": state_template + (means - state_template) / count,
            "state_count": count,
        }

    class Toy(tf.Module):
        @tf.function(input_signature=[frame, spec("mask", height, width, 1)])
        def init(self, frame, mask):
            features = encode(frame)
            zero = tf.zeros((1, 4, 4)) * mask[:, 0, 0, :, None]
            return update(features["feat8"], features["feat16"], mask, zero, zero[:, 0, 0])

        @tf.function(input_signature=[frame, state_mask, state_feat16, state_template, state_count])
        def step(self, frame, state_mask, state_feat16, state_template, state_count):
            f = encode(frame)
            logit = segment(f["feat4"], f["feat8"], f["feat16"], state_mask, state_feat16, state_template)["logit"]
            probability = tf.sigmoid(2.0 * logit)
            state = update(f["feat8"], f["feat16"], probability, state_template, state_count)
            return {"probability": probability, **state}

        @tf.function(input_signature=[frame])
        def encode(self, frame):
            return encode(frame)

        @tf.function(input_signature=[feat4, feat8, feat16, state_mask, state_feat16, state_template])
        def segment(self, feat4, feat8, feat16, state_mask, state_feat16, state_template):
            return segment(feat4, feat8, feat16, state_mask, state_feat16, state_template)

        @tf.function(
            input_signature=[
                feat8,
                feat16,
                spec("mask_prob", height, width, 1),
                state_mask,
                state_template,
                state_count,
            ]
        )
        def update(self, feat8, feat16, mask_prob, state_mask, state_template, state_count):
            return update(feat8, feat16, mask_prob, state_template, state_count)

    module = Toy()
    names = ["init", "step", "encode", "segment", "update"]
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={name: getattr(module, name) for name in names})
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names).convert()
