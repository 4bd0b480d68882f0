"""`train.py --profile`: where the time of a training step goes."""

import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from ttvos_tf.compat import tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.loader import Batch, make_batch
from ttvos_tf.training.clip_loss import clip_loss
from ttvos_tf.training.loop import open_sources
from ttvos_tf.training.settings import RunSettings
from ttvos_tf.training.trainer import Trainer, loss_weights

REPEATS = 5


def profile(settings: RunSettings, data_root: Path) -> str:
    """Times the parts of a step, at the run's longest clips, as a table.

    The parts are timed alone, the input pipeline in this process: in a run it works beside the steps, and they wait for
    it only if its time is the longer one.

    Raises:
        TTVOSError: bad data.
    """
    train = settings.train
    sources = open_sources(settings, data_root)
    trainer = Trainer(settings, data_root)
    model, length = trainer.model, max(train.lengths)
    spec = ClipSpec(length, train.height, train.width)

    def make(index: int) -> Batch:
        return make_batch(sources, [spec], train.batch_size, train.seed, index, train.augmentation)

    batch = make(0)
    encode = tf.function(lambda x: model.encode(tf.reshape(x, [-1, *x.shape[2:]]), training=True))
    forward = tf.function(lambda *arrays: clip_loss(model, Batch(*arrays), loss_weights(train), train.known_frames))
    tensors = Batch(*(tf.constant(array) for array in batch))

    timed = [
        ("input pipeline", make),
        ("backbone, forward", lambda i: encode(tensors.frames)),
        ("whole network and loss, forward", lambda i: forward(*tensors)),
        ("whole step", lambda i: trainer.train_step(batch)),
    ]
    seconds = {name: _seconds(run) for name, run in tqdm(timed, unit="part", disable=None)}
    pipeline, backbone, network, step = seconds.values()
    parts = [
        ("input pipeline (beside the step)", pipeline),
        ("backbone, forward", backbone),
        ("matching, decoder, update, loss, forward", network - backbone),
        ("backward pass, optimiser, averaging", step - network),
        ("step", step),
    ]
    count = train.batch_size * length
    lines = [
        f"{train.batch_size} clips of {length} frames, {train.height}x{train.width}, {train.train_backbone} trained"
    ]
    lines += [f"{name:<42}{1e3 * value:8.0f} ms{value / step:7.0%}" for name, value in parts]
    held_up = ", held up by the input" if pipeline > step else ""
    lines.append(f"{count / max(step, pipeline):.1f} frames a second{held_up}")
    return "\n".join(lines)


def _seconds(run: Callable[[int], object]) -> float:
    """Median time of a call, after one to warm up."""
    times = []
    for index in range(REPEATS + 1):
        started = time.perf_counter()
        run(index)
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[REPEATS // 2]
