"""The long attack: `make attack`, or `python -m tests.robustness.campaign --tries 1000`.

Every try is one mutant or one odd call, in a process of its own that is forked for it. What counts as a failure:

    A   data is lost, or a result is wrong and nothing says so
    B   the process crashes, or does not end
    C   another error than TTVOSError, or lines that a library prints
    D   good input is refused

An attack is a function of a generator and an empty folder, registered with the class that it is aimed at. It may raise
a TTVOSError, and returns what came of it, for the table; `Failure` says that a promise was broken. ATTACKS_IN lists
the modules that have some.
"""

import argparse
import collections
import contextlib
import importlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ttvos_tf.errors import TTVOSError

ATTACKS_IN = ("tests.robustness.attacks", "tests.robustness.output_attacks", "tests.robustness.training_attacks")
CLASSES = "ABCD"
PATIENCE = 300  # seconds of a try: a busy machine halts it now and then
REFUSED = "refused"

Run = Callable[[random.Random, Path], str]


class Failure(Exception):  # noqa: N818
    """A broken promise.

    Attributes:
        kind: one of CLASSES.
    """

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Attack:
    """What is tried, and the class of failure that it is aimed at."""

    aim: str
    run: Run


ATTACKS: dict[str, Attack] = {}


def attack(name: str, aim: str) -> Callable[[Run], Run]:
    """Registers an attack: `@attack("damaged PNG", aim="C")` above `def png(rng, folder)`."""

    def register(run: Run) -> Run:
        ATTACKS[name] = Attack(aim, run)
        return run

    return register


def attempt(run: Run, seed: str, patience: float = PATIENCE) -> tuple[str, str]:
    """One try in a forked process.

    Returns:
        What came of it: REFUSED, what the attack returned, or one of CLASSES; and what is to be said of a failure.
    """
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        folder, said, result = Path(place, "work"), Path(place, "said"), Path(place, "result")
        folder.mkdir()
        child = os.fork()
        if child == 0:
            _in_child(run, seed, folder, said, result)
        status = _wait(child, patience)
        printed = said.read_text(errors="replace") if said.exists() else ""
        if status is None:
            return "B", f"did not end within {patience} seconds"
        if os.WIFSIGNALED(status):
            return "B", f"ended by {signal.Signals(os.WTERMSIG(status)).name}: {printed[-300:]}"
        kind, _, text = result.read_text(errors="replace").partition("\n")
        if kind not in CLASSES and printed.strip():
            return "C", f"printed: {printed[-300:]}"
        return kind, text


def _in_child(run: Run, seed: str, folder: Path, said: Path, result: Path) -> None:
    try:
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT)
        for number in (1, 2):
            os.dup2(descriptor, number)
        os.setsid()
        os.chdir(folder)
        try:
            came = run(random.Random(seed), folder)
        except TTVOSError as error:
            came = f"C\nan error of several lines: {error}" if "\n" in str(error) else REFUSED
        except Failure as failure:
            came = f"{failure.kind}\n{failure}"
        except BaseException:
            came = f"C\n{traceback.format_exc()[-600:]}"
        result.write_text(came, errors="replace")
    finally:
        os._exit(0)


def _wait(child: int, patience: float) -> int | None:
    """The status of a process; None if it had to be ended, and all that it had begun."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def campaign(tries: int, seed: int, only: str = "") -> tuple[str, int]:
    """Runs the attacks.

    Args:
        tries: of each attack.
        seed: another seed, other tries.
        only: of the attacks whose name holds this.

    Returns:
        The table of tries and failures, and the number of failures.
    """
    names = [name for name in ATTACKS if only in name]
    rows, failures = [("attack", "aimed at", "tries", *CLASSES, "refused", "taken")], []
    total: collections.Counter[str] = collections.Counter()
    for name in names:
        came: collections.Counter[str] = collections.Counter()
        for index in tqdm(range(tries), desc=name, disable=None, leave=False):
            kind, text = attempt(ATTACKS[name].run, f"{seed}/{name}/{index}")
            came[kind] += 1
            if kind in CLASSES:
                failures.append(f"{kind}: {name}, try {index} of seed {seed}: {text}")
        taken = tries - came[REFUSED] - sum(came[kind] for kind in CLASSES)
        rows.append(
            (
                name,
                ATTACKS[name].aim,
                str(tries),
                *(str(came[kind]) for kind in CLASSES),
                str(came[REFUSED]),
                str(taken),
            )
        )
        total.update(came)
    rows.append(("all", "", str(tries * len(names)), *(str(total[kind]) for kind in CLASSES), "", ""))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, f"| {' | '.join(['---'] * len(rows[0]))} |")
    return "\n".join([*lines, "", *failures]), len(failures)


def load_attacks() -> None:
    """Imports the modules that register attacks."""
    for module in ATTACKS_IN:
        importlib.import_module(module)


def main() -> int:
    """Runs the campaign; exit code 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=1000, help="of each attack (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="attacks whose name holds this")
    args = parser.parse_args()
    load_attacks()
    table, failures = campaign(args.tries, args.seed, args.only)
    print(table)
    return min(failures, 1)


if __name__ == "__main__":
    # The registry of the module, not that of this script: attacks import it by its name.
    sys.exit(importlib.import_module("tests.robustness.campaign").main())
