"""`python -m ttvos_tf.archive.child ARGUMENTS`: `ttvos ARGUMENTS`, in a process that does not outlive its parent.

The parent holds the other end of standard input. However the parent ends, the system closes it. A child that went on
would write where the next run writes, and a hanging one would stay for ever.
"""

import os
import runpy
import signal
import threading
import time

SECONDS_TO_END = 5


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # ends as Ctrl-C does: nothing unfinished is left
    time.sleep(SECONDS_TO_END)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("ttvos_tf", run_name="__main__")
