"""What libraries written in C ask for and tell: a name that they can open, and their lines on stderr."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

# FFmpeg's lines, "[mpeg4 @ 0x55d0c3a0] ac-tex damaged at 3 2"; those that it, or OpenCV about it, says of nobody.
FFMPEG = re.compile(
    r"\[[\w.,/]+ @ 0x[0-9a-f]+\] ([^\n]*)\n?"
    r"|(?:OpenCV: FFMPEG:|\[ *(?:WARN|ERROR):|Truncating packet of size| *Last message repeated)[^\n]*\n?"
)

_MOST = 1 << 16  # bytes that a pipe holds on Linux; what comes after them is dropped

_lock = threading.RLock()


@contextlib.contextmanager
def caught_stderr(pattern: re.Pattern[str]) -> Iterator[list[str]]:
    """Keeps lines off stderr that libraries write from C within the block; they are in the list after it.

    Such lines never pass `sys.stderr`, so it is file descriptor 2 that leads elsewhere meanwhile. What other threads
    write there, a progress bar for instance, comes when the block ends.

    Args:
        pattern: finds a library's line, with its end; the list gets the first group of each, if it has one.
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
                said = os.read(ends[0], _MOST).decode(errors="surrogateescape")
                lines += filter(None, pattern.findall(said))
                if rest := pattern.sub("", said):
                    with contextlib.suppress(OSError):
                        os.write(2, rest.encode(errors="surrogateescape"))


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
