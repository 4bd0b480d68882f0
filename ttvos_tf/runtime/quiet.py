"""Keeps what TFLite announces off the terminal; it has no setting for that."""

import contextlib
import re
from collections.abc import Iterator

from ttvos_tf.media.native import caught_stderr

ANNOUNCEMENT = re.compile(r"^(INFO: [^\n]*)\n?", re.MULTILINE)

_announced = False


@contextlib.contextmanager
def without_announcement() -> Iterator[None]:
    """Leaves lines that begin with "INFO: " out of what this process writes to stderr within the block.

    The other lines come when the block ends. Only the first block of a process does that: at the first call of a
    signature LiteRT writes, once, "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.".
    """
    global _announced
    if _announced:
        yield
        return
    _announced = True
    with caught_stderr(ANNOUNCEMENT):
        yield
