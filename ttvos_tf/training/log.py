"""`log.csv`: how the losses of a run go."""

import collections
import csv
from pathlib import Path

import numpy as np

LOG_EVERY = 20


class Log:
    """A CSV file with one line every LOG_EVERY steps, means over them.

    Args:
        path: of the file.
        columns: names of the values.
        append: an earlier run's file goes on.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], append: bool):
        new = not (append and path.exists())
        self._columns = columns
        self._file = path.open("w" if new else "a", newline="")
        self._writer = csv.writer(self._file)
        self._rows: collections.deque[tuple[float, ...]] = collections.deque(maxlen=LOG_EVERY)
        if new:
            self._writer.writerow(["step", *columns])

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
