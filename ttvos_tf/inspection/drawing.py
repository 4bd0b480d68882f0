"""Draws the stages of a network (Fig. 2): boxes with their inputs, and a line for each of these."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ttvos_tf.inspection.stages import TITLES, Stage

Box = tuple[int, int, int, int]  # left, top, right, bottom
Item = str | tuple[str, str, str, int]
"""A stage; or a line that passes a column: source, target, tensor, and the column."""

LINE, TITLE, WIDTH, GAP, MARGIN = 22, 30, 262, 70, 24  # heights of a line and a title, widths of a box and between two
COLOURS = ("#4269d0", "#c04f00", "#2f8a4c", "#8a4fd8", "#b33a5b", "#7a5b3a", "#1f8a99", "#6b6b6b")  # of the sources


def draw_stages(stages: Sequence[Stage]) -> np.ndarray:
    """The drawing: uint8 RGB (H, W, 3). A stage stands to the right of all that it takes from.

    Args:
        stages: each after those that it takes from.
    """
    column: dict[str, int] = {}
    for stage in stages:
        column[stage.name] = 1 + max((column[flow.source] for flow in stage.takes), default=-1)
    boxes = _place(stages, column)
    right, bottom = (max(box[side] for box in boxes.values()) for side in (2, 3))
    image = Image.new("RGB", (right + MARGIN, bottom + MARGIN), "white")
    draw = ImageDraw.Draw(image)
    sources = [name for name in column if any(flow.source == name for stage in stages for flow in stage.takes)]
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(sources)}
    for stage in stages:
        left, top, _, _ = boxes[stage.name]
        for row, flow in enumerate(stage.takes):
            points = [(boxes[flow.source][2], _middle(boxes[flow.source]))]
            for wire, box in boxes.items():
                if wire[:3] == (flow.source, stage.name, flow.name):
                    points += [(box[0], _middle(box)), (box[2], _middle(box))]
            x, y = left, top + TITLE + LINE * row + LINE // 2
            draw.line([*points, (x, y)], colours[flow.source], 2)
            draw.polygon([(x, y), (x - 9, y - 5), (x - 9, y + 5)], colours[flow.source])
    for stage in stages:
        _draw_box(draw, stage, boxes[stage.name], colours)
    return np.asarray(image)


def _place(stages: Sequence[Stage], column: dict[str, int]) -> dict[Item, Box]:
    """Where everything is: each about level with its sources."""
    heights: dict[Item, int] = {}
    sources: dict[Item, list[str]] = {}
    columns: list[list[Item]] = [[] for _ in range(1 + max(column.values()))]
    for stage in stages:
        columns[column[stage.name]].append(stage.name)
        heights[stage.name] = TITLE + LINE * (len(stage.takes) + (stage.cost is not None)) + 8
        sources[stage.name] = [flow.source for flow in stage.takes]
        for flow in stage.takes:
            for index in range(column[flow.source] + 1, column[stage.name]):
                wire = (flow.source, stage.name, flow.name, index)
                columns[index].append(wire)
                heights[wire], sources[wire] = LINE, [flow.source]
    tall = max(sum(heights[item] + LINE for item in items) for items in columns)
    boxes: dict[Item, Box] = {}
    for index, items in enumerate(columns):
        items.sort(key=lambda item: np.mean([_middle(boxes[source]) for source in sources[item]] or [0]))
        space = (tall - sum(heights[item] for item in items)) // (len(items) + 1)
        top, left = MARGIN, MARGIN + index * (WIDTH + GAP)
        for item in items:
            top += space
            boxes[item] = (left, top, left + WIDTH, top + heights[item])
            top += heights[item]
    return boxes


def _middle(box: Box) -> int:
    return (box[1] + box[3]) // 2


def _draw_box(draw: ImageDraw.ImageDraw, stage: Stage, box: Box, colours: dict[str, str]) -> None:
    left, top, _, _ = box
    draw.rounded_rectangle(box, 8, "#f4f4f4" if stage.cost else "white", colours.get(stage.name, "black"), 2)
    draw.text((left + 10, top + 7), TITLES[stage.name], "black", ImageFont.load_default(16))
    small = ImageFont.load_default(13)
    for row, flow in enumerate(stage.takes):
        text = f"{flow.name}  {'x'.join(map(str, flow.shape))}"
        draw.text((left + 10, top + TITLE + LINE * row + 3), text, colours[flow.source], small)
    if stage.cost:
        text = f"{stage.cost.parameters / 1e3:,.1f} k parameters, {stage.cost.multiply_adds / 1e9:.3f} G"
        draw.text((left + 10, top + TITLE + LINE * len(stage.takes) + 3), text, "#555555", small)
