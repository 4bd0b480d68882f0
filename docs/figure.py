"""Draws speed against accuracy, the paper's Figure 1 and our files: `make figure`.

`figure.json` has the points of the paper's Table 2. Ours come from the first table of `results.md`, which has their
commands. Both sides were measured on other data and other machines, so each has axes of its own.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER = Path(__file__).with_name("figure.json")
RESULTS = Path(__file__).with_name("results.md")
PICTURE = Path(__file__).with_name("figure.svg")
ROW = re.compile(r"^\| `(\w+)`[^|]*\| ([\d.]+) \| [\d.]+ \| ([\d.]+) \|", re.MULTILINE)
RED, BLUE, GREY = "#c0392b", "#1f6f8b", "#777777"
COLOURS = {"mobilenet_v2": BLUE, "hrnet": RED}  # of our networks
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "ttvos",  # the same bytes each time
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Point:
    """A method or a file: J&F in per cent, frames a second, and how it is drawn."""

    name: str
    j_and_f: float
    fps: float
    colour: str = GREY
    filled: bool = True
    label: str = "right"


def main() -> None:
    """Draws the picture."""
    import matplotlib

    matplotlib.use("svg")  # no window
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained")
        _draw(left, paper_points(), "Published, as the paper has it\nDAVIS-2016 validation set, their own machines")
        _draw(right, our_points(), "Our files, mask given\nsix DAVIS-2016 training sequences, two CPU cores")
        for network, colour in COLOURS.items():
            right.plot([], [], "o", color=colour, label=network)
        right.legend(loc="center left", frameon=False)
        figure.savefig(PICTURE, metadata={"Date": None})


def paper_points() -> list[Point]:
    """The methods of the paper's Table 2."""
    rows = json.loads(PAPER.read_text())["methods"]
    return [Point(**row, colour=RED if row["name"].startswith("TTVOS") else GREY) for row in rows]


def our_points() -> list[Point]:
    """The files in the first table of results.md."""
    points = []
    for model, score, milliseconds in ROW.findall(RESULTS.read_text()):
        network, size, precision = model.rsplit("_", 2)
        int8 = precision == "int8"
        style = COLOURS[network], int8, "right" if int8 else "left"
        points.append(Point(f"{size} {precision}", float(score), 1000 / float(milliseconds), *style))
    return points


def _draw(axes: "Axes", points: list[Point], title: str) -> None:
    places = {"left": ((-6, -3), "right"), "right": ((6, -3), "left")}
    for point in points:
        fill = "full" if point.filled else "none"
        axes.plot(point.fps, point.j_and_f, "o", color=point.colour, fillstyle=fill)
        offset, side = places[point.label]
        place = point.fps, point.j_and_f
        axes.annotate(point.name, place, offset, textcoords="offset points", ha=side, fontsize=7)
    axes.set(title=title, xscale="log", xlabel="frames a second", ylabel="J&F")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(0.4, 0.1)
    axes.grid(alpha=0.3)


if __name__ == "__main__":
    main()
