"""What libraries written in C ask for and tell: a name that they can open, and their lines on stderr."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_MOST = 1 << 16  # bytes that a pipe holds on Linux; what comes after them is dropped

_lock = threading.RLock()


@contextlib.contextmanager
def caught_stderr() -> Iterator[list[str]]:
    """Keeps what is written to file descriptor 2 within the block; its lines are in the list after the block.

    Libraries write there from C, so that `sys.stderr` never sees it. Another thread's lines are caught with theirs.
    """
    lines: list[str] = []
    with _lock, contextlib.ExitStack() as opened:
        try:
            stderr = os.dup(2)
        except OSError:  # there is no stderr
            yield lines
            return
        opened.callback(os.close, stderr)
        # A pipe, not a file: a full disk would lose the lines. It does not block who writes more than it holds.
        ends = os.pipe()
        for end in ends:
            opened.callback(os.close, end)
            os.set_blocking(end, False)
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it is closed
                sys.stderr.flush()
        try:
            os.dup2(ends[1], 2)
            yield lines
        finally:
            os.dup2(stderr, 2)
            with contextlib.suppress(BlockingIOError):  # nothing was written
                lines += os.read(ends[0], _MOST).decode(errors="replace").splitlines()


@contextlib.contextmanager
def plain_name(path: str | Path) -> Iterator[str]:
    """A name of a file for libraries that take only some: absolute, and UTF-8.

    OpenCV crashes on a name that is not UTF-8, and FFmpeg reads "12:30.avi" as an address. Such a file gets a link in a
    temporary folder, which is there within the block.
    """
    name = os.path.abspath(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="ttvos-") as folder:
            suffix = "".join(each for each in Path(name).suffix if each.isascii())
            link = os.path.join(folder, f"file{suffix}")
            os.symlink(name, link)
            yield link
    else:
        yield name
