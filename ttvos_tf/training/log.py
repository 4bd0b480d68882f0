"""`log.csv`: how the losses of a run go. A run that is resumed forgets what it wrote after its checkpoint."""

import collections
import csv
from pathlib import Path

import numpy as np

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.atomic import atomic_file

LOG_EVERY = 20
SPEED = "frames_per_second"


def restart_csv(path: Path, header: tuple[str, ...], start: int) -> list[list[float]]:
    """Writes a CSV file whose first column is the step: the header, and the rows up to step `start` if it exists.

    Returns:
        These rows.

    Raises:
        TTVOSError: the file is not one of numbers, a column for each name of the header, or cannot be written.
    """
    kept = [(row, values) for row, values in _rows(path, len(header)) if values[0] <= start]
    with atomic_file(path) as partial, partial.open("w", newline="") as file:
        csv.writer(file).writerows([header, *(row for row, _ in kept)])
    return [values for _, values in kept]


def append_row(path: Path, row: list[object]) -> None:
    """Adds a row to a CSV file.

    Raises:
        TTVOSError: it cannot be written.
    """
    try:
        with path.open("a", newline="") as file:
            csv.writer(file).writerow(row)
    except OSError as error:
        raise TTVOSError(f"{path}: cannot be written ({error.strerror})") from None


def _rows(path: Path, columns: int) -> list[tuple[list[str], list[float]]]:
    """Rows below a CSV file's header, as texts and as numbers; without blank ones, and a last one that is cut short."""
    try:
        with path.open(newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row][1:]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:  # ValueError: no UTF-8
        raise TTVOSError(f"{path}: cannot be read ({error})") from None
    if rows and len(rows[-1][1]) < columns:
        rows.pop()
    read = []
    for number, row in rows:
        try:
            values = [float(cell) for cell in row]
        except ValueError:
            values = []
        if len(values) != columns:
            raise TTVOSError(f"{path}: line {number} must be {columns} numbers: mend or delete the file")
        read.append((row, values))
    return read


class Log:
    """A CSV file with one line every LOG_EVERY steps, means over them.

    Args:
        path: of the file.
        losses: their names.
        start: the step that the run goes on from; 0 for a new one.
        latest: what `latest` was at that step, float64 (n, losses); nothing for a new run.
    """

    def __init__(self, path: Path, losses: tuple[str, ...], start: int, latest: np.ndarray | None = None):
        self._path, self._losses = path, losses
        self._latest = collections.deque([] if latest is None else latest.tolist(), maxlen=LOG_EVERY)
        self._speeds: collections.deque[float] = collections.deque(maxlen=LOG_EVERY)
        restart_csv(path, ("step", *losses, SPEED), start)

    @property
    def latest(self) -> np.ndarray:
        """The losses of the latest steps, which the next line may need: float64 (n, losses), n at most LOG_EVERY."""
        return np.array(self._latest, np.float64).reshape(-1, len(self._losses))

    def write(self, step: int, losses: tuple[float, ...], speed: float) -> None:
        """Adds a step's losses, and its frames a second."""
        self._latest.append(list(losses))
        self._speeds.append(speed)
        if step % LOG_EVERY == 0:
            append_row(
                self._path, [step, *(f"{mean:.5g}" for mean in (*self.latest.mean(axis=0), np.mean(self._speeds)))]
            )

    def summary(self) -> str:
        """The latest means, for a progress bar."""
        names = (*self._losses, SPEED)
        return ", ".join(f"{name} {mean:.4g}" for name, mean in zip(names, self._means(), strict=True))

    def _means(self) -> list[float]:
        return [*self.latest.mean(axis=0), float(np.mean(self._speeds))]
