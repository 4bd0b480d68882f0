"""`log.csv`: how the losses of a run go. A run that is resumed forgets what it wrote after its checkpoint."""

import collections
import csv
from pathlib import Path

import numpy as np

LOG_EVERY = 20


def restart_csv(path: Path, header: tuple[str, ...], start: int) -> None:
    """Writes a CSV file whose first column is the step: the header, and the rows up to step `start` if it exists."""
    kept: list[list[str]] = []
    if path.exists():
        with path.open(newline="") as file:
            kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= start]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *kept])


class Log:
    """A CSV file with one line every LOG_EVERY steps, means over them.

    Args:
        path: of the file.
        columns: names of the values.
        start: the step that the run goes on from; 0 for a new one.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], start: int):
        self._columns = columns
        self._rows: collections.deque[tuple[float, ...]] = collections.deque(maxlen=LOG_EVERY)
        restart_csv(path, ("step", *columns), start)
        self._file = path.open("a", newline="")
        self._writer = csv.writer(self._file)

    def write(self, step: int, *values: float) -> None:
        """Adds the values after a step."""
        self._rows.append(values)
        if step % LOG_EVERY == 0:
            self._writer.writerow([step, *(f"{mean:.5g}" for mean in np.mean(self._rows, axis=0))])
            self._file.flush()

    def summary(self) -> str:
        """The latest means, for a progress bar."""
        means = np.mean(self._rows, axis=0)
        return ", ".join(f"{name} {mean:.4g}" for name, mean in zip(self._columns, means, strict=True))

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
