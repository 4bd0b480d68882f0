"""Keeps what TFLite announces off the terminal; it has no setting for that."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

ANNOUNCEMENT = b"INFO: "

_lock = threading.Lock()
_announced = False


@contextlib.contextmanager
def without_announcement() -> Iterator[None]:
    """Leaves lines that begin with "INFO: " out of what this process writes to stderr within the block.

    The other lines come when the block ends. Only the first block of a process does that: at the first call of a
    signature LiteRT writes, once, "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.". It writes from C++, so
    it is file descriptor 2 that leads elsewhere meanwhile, not `sys.stderr`.
    """
    global _announced
    if _announced:
        yield
        return
    with _lock:
        _announced = True
        try:
            stderr = os.dup(2)
        except OSError:  # there is no stderr
            yield
            return
        with tempfile.TemporaryFile() as said:
            sys.stderr.flush()
            os.dup2(said.fileno(), 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(stderr, 2)
                os.close(stderr)
                said.seek(0)
                for line in said:
                    if not line.startswith(ANNOUNCEMENT):
                        os.write(2, line)
