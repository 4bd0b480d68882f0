"""Loads a `.tflite` file in a process of its own first: a damaged one may end the process that a runtime is in.

For files that nobody vouches for: those without the checksum of their own content, and that are not installed.
"""

import contextlib
import functools
import importlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.native import plain_name
from ttvos_tf.startup import STOPS

PATIENCE = 120  # seconds

_log = logging.getLogger(__name__)


@functools.cache
def try_file(path: Path, digest: str, module: str, delegate: str | None = None) -> None:
    """Loads a file and runs each of its signatures once, elsewhere; what ends there in order is left to the caller.

    Args:
        path: the file.
        digest: of its content, so that each is tried once.
        module: the runtime's.
        delegate: library that runs it, if not the CPU.

    Raises:
        TTVOSError: it ends the process, or does not come to an end.
    """
    if not sys.executable:  # Python is part of another program
        return
    command = [sys.executable, "-c", "from ttvos_tf.runtime.trial import _main; _main()"]
    search = os.pathsep.join(each for each in sys.path if each)
    try:
        done = subprocess.run(
            [*command, str(path), module, delegate or ""],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise TTVOSError(f"{path}: does not run within {PATIENCE} seconds: a damaged file") from None
    if done.returncode < 0 and -done.returncode not in STOPS:
        how = signal.Signals(-done.returncode).name
        raise TTVOSError(f"{path}: ends the process that runs it ({how}): a damaged file")
    if done.returncode == 0:
        _log.warning("%s: unverified: it carries no checksum of its content; it ran in a process of its own", path)


def _main() -> None:
    with contextlib.suppress(ImportError):  # Windows has none, and writes no memory image
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path, module, delegate = sys.argv[1:]
    runtime: Any = importlib.import_module(module)
    delegates = [runtime.load_delegate(delegate)] if delegate else None
    with plain_name(path) as name:
        interpreter = runtime.Interpreter(name, num_threads=1, experimental_delegates=delegates)
    for name in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(name)
        runner(**{key: np.zeros(each["shape"], each["dtype"]) for key, each in runner.get_input_details().items()})
    if not interpreter.get_signature_list():
        interpreter.allocate_tensors()
        interpreter.invoke()
