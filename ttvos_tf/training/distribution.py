"""Where a run computes: one device, all GPUs of a machine, or several machines (tf.distribute).

One device and several give the same losses on the same batch: batch norms that train are synchronised, and the loss is
a mean over clips. Not so the batch norms of keras.applications' backbones (MobileNetV2, ResNet-50): if they train, with
`train.freeze_batch_norm` off, each device normalises by its own share of the batch.

Several machines: start the same command on each, with the environment variable TF_CONFIG that
`tf.distribute.MultiWorkerMirroredStrategy` reads. The machines share every batch; the first one writes the files.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from ttvos_tf.compat import tf
from ttvos_tf.errors import TTVOSError
from ttvos_tf.training.cluster import check_cluster


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run.

    Attributes:
        rank: of this process, from 0; the first one writes the files.
        count: number of processes.
    """

    rank: int = 0
    count: int = 1


SINGLE_PROCESS = ProcessGroup()


def choose_strategy() -> tf.distribute.Strategy:
    """Several machines if TF_CONFIG is set, else all GPUs if there are two or more, else one device.

    Raises:
        TTVOSError: TF_CONFIG does not say which machines, or they cannot be reached from here.
    """
    if "TF_CONFIG" in os.environ:
        check_cluster(os.environ["TF_CONFIG"])
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except (tf.errors.OpError, RuntimeError, ValueError) as error:  # a port in use, a name that is nobody's
            raise TTVOSError(f"TF_CONFIG: {str(error).splitlines()[0]}") from error
    if len(tf.config.list_logical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


@contextlib.contextmanager
def memory_reported() -> Iterator[None]:
    """Makes one line of a network or of clips that do not fit into the memory.

    Raises:
        TTVOSError: saying so.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise TTVOSError(
            "out of memory: lower train.batch_size, lengths, height or width, or the channels of [model]"
        ) from None


def process_group(strategy: tf.distribute.Strategy) -> ProcessGroup:
    """This process's place among the run's processes."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.cluster_spec():
        return SINGLE_PROCESS
    return ProcessGroup(rank=resolver.task_id, count=resolver.cluster_spec().num_tasks("worker"))
