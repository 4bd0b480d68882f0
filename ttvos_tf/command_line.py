"""What `ttvos` and the scripts have in common: a parser, and errors that are one line."""

import argparse
import functools
import re
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ttvos_tf import startup
from ttvos_tf.errors import TTVOSError

NUMBERS = re.compile(r"-[\d.][\d.,-]*")  # "-5,80,120,300": a value, though it begins as an option does

Main = Callable[[list[str]], int | None]


class Parser(argparse.ArgumentParser):
    """Reports a bad command line as every other bad input is reported; keeps the lines of descriptions as they are."""

    def __init__(self, **options: Any):
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        """Raises a TTVOSError instead of printing the usage and leaving."""
        raise TTVOSError(f"{message} (see {self.prog} --help)")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Prints help or version; argparse would pass over that it cannot."""
        (file or sys.stderr).write(message)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses; takes numbers that begin with a minus for values, and says first which option is unknown.

        Raises:
            TTVOSError: an option that is not known. argparse would first ask for what is missing.
        """
        given = _joined(sys.argv[1:] if args is None else args)
        if self._subparsers is not None:  # what follows a command is for the command's parser to know
            return super().parse_known_args(given, namespace)
        options = given[: given.index("--")] if "--" in given else given
        for unknown in filter(self._is_unknown, options):
            self.error(f"unrecognized arguments: {unknown}")
        namespace, rest = super().parse_known_args(given, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return namespace, rest

    def _is_unknown(self, argument: str) -> bool:
        """Whether argparse takes an argument for an option, and the parser has none that begins so."""
        looks_so = (
            argument.startswith("-") and argument != "-" and " " not in argument and not NUMBERS.fullmatch(argument)
        )
        return looks_so and not any(name.startswith(argument.split("=")[0]) for name in self._option_string_actions)


def _joined(arguments: Sequence[str]) -> list[str]:
    """["--box", "-5,80,120,300"] -> ["--box=-5,80,120,300"], which argparse does not take for another option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and re.fullmatch(r"--\w[\w-]*", joined[-1]) and NUMBERS.fullmatch(argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def run_script(name: str) -> Callable[[Main], Callable[..., int]]:
    """Makes a command of a function: `@run_script("train.py")` above `def main(argv)`.

    Args:
        name: what the lines on stderr begin with.

    Returns:
        A decorator. The function it makes takes the arguments (None: those of the process) and returns the exit code:
        what `main` returns, 0 for None; 2 after a TTVOSError or an OSError, and 128 + n after signal n (130 after
        Ctrl-C), with one line on stderr; 141 without a line if nobody reads stdout any more, as other programs end.
        A KeyboardInterrupt may carry advice: `raise KeyboardInterrupt("continue with --resume")`.
    """

    def decorate(main: Main) -> Callable[..., int]:
        @functools.wraps(main)
        def run(argv: Sequence[str] | None = None) -> int:
            startup.start(name)
            startup.received.clear()
            try:
                try:
                    return main(list(sys.argv[1:] if argv is None else argv)) or 0
                finally:
                    _flush()
            except TTVOSError as error:
                message, code = str(error), 2
            except BrokenPipeError:
                startup.drop(1)
                return 128 + signal.SIGPIPE
            except OSError as error:  # a full disk, a file without permission
                reason = error.strerror or str(error)
                message, code = f"{error.filename}: {reason}" if error.filename else reason, 2
            except KeyboardInterrupt as stop:
                message, code = "; ".join(["interrupted", *map(str, stop.args)]), _stopped()
            except Exception:
                if not startup.received:
                    raise
                message, code = "interrupted", _stopped()  # a library made another error of it
            finally:
                if argv is None:  # the process ends here
                    startup.end_at_once()
            _complain(f"{name}: error: {message}")
            return code

        return run

    return decorate


def _flush() -> None:
    """Writes what stdout still holds, while an error can be reported."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        startup.drop(1)
        raise TTVOSError(f"standard output: cannot be written ({error.strerror})") from None


def _stopped() -> int:
    return 128 + (startup.received[-1] if startup.received else signal.SIGINT)


def _complain(line: str) -> None:
    """Prints one line on stderr; what cannot be printed, as a line break in a name, is escaped as in Python."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    try:
        print(shown, file=sys.stderr, flush=True)
    except OSError:  # nobody is there to read it: the exit code says it
        startup.drop(2)
