"""What a program does before its heavy imports: signals and standard streams.

A program imports this module before the others and calls `start`. It imports nothing that takes time.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

# Ctrl-C, `kill` and `docker stop`, and the end of a terminal or a login.
STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_stderr = 2  # where it is: see `unheard`

received: list[int] = []  # the signals that asked this process to stop


def start(name: str) -> None:
    """Makes all of STOPS end the program in the same way, and gives it streams that can be written to.

    A signal raises KeyboardInterrupt, of which `command_line.run_script` makes one line. While modules are imported
    nothing has been begun, and libraries turn a KeyboardInterrupt into errors of their own: there the program ends at
    once, with the same line. A signal that is ignored (`nohup`) stays so.

    Args:
        name: of the program, for that line.
    """
    open_streams()

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        while frame is not None:
            if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
                with contextlib.suppress(OSError):
                    os.write(_stderr, f"{name}: error: interrupted\n".encode())
                os._exit(128 + number)
            frame = frame.f_back
        raise KeyboardInterrupt

    with contextlib.suppress(ValueError):  # only the main thread may
        for number in STOPS:
            before = signal.getsignal(number)
            if before in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, stop)
                _restore_in_workers(number, before)


def end_at_once() -> None:
    """Lets a signal end the program with its exit code and nothing else: all is done, and Python is being shut down."""
    with contextlib.suppress(ValueError):  # only the main thread may
        for number in STOPS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda number, _: os._exit(128 + number))


def _restore_in_workers(number: int, handler: Callable | int | None) -> None:
    """Gives forked workers the handler from before: they are stopped by their parent, which reports."""
    mask: set[int] = set()

    def block() -> None:  # what came before the handler is the old one would be lost
        mask.clear()
        mask.update(signal.pthread_sigmask(signal.SIG_BLOCK, {number}))

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def restore() -> None:
        signal.signal(number, handler)
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=restore)


def open_streams() -> None:
    """Opens the null device for standard streams that are closed, and lets no character be one too many to print.

    A closed stream's number would go to the next file that is opened: what libraries print would land in it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            os.set_inheritable(number, True)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, errors="backslashreplace", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def drop(number: int) -> None:
    """Leads a stream that cannot be written to the null device, so that leaving does not try it again."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Leads what libraries print on stderr to the null device within the block; an exception is not held back."""
    global _stderr
    try:
        _stderr = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    drop(2)
    try:
        yield
    finally:
        os.dup2(_stderr, 2)
        kept, _stderr = _stderr, 2
        os.close(kept)
