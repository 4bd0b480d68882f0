import numpy as np
from PIL import ImageColor

from ttvos_tf.inspection.complexity import Cost
from ttvos_tf.inspection.drawing import COLOURS, GAP, LINE, MARGIN, TITLE, WIDTH, draw_stages
from ttvos_tf.inspection.stages import Flow, Stage

COST = Cost(1000, 10**9)


def colour(index):
    return np.array(ImageColor.getrgb(COLOURS[index]))


def test_a_line_leads_from_each_source_to_the_input_of_its_colour():
    stages = [
        Stage("frame", None),
        Stage("backbone", COST, (Flow("frame", (8, 8, 3), "frame"),)),
        Stage("decoder", COST, (Flow("frame", (8, 8, 3), "frame"), Flow("feat4", (2, 2, 5), "backbone"))),
    ]
    image = draw_stages(stages)
    left = [MARGIN + column * (WIDTH + GAP) for column in range(3)]
    assert image.dtype == np.uint8 and image.shape[1] == left[2] + WIDTH + MARGIN
    is_line = [(image == colour(index)).all(axis=2) for index in range(2)]
    decoder = np.flatnonzero((image[:, left[2] + 100] == 0).all(axis=1))[
        0
    ]  # its black edge: it is the source of nothing
    for row, index in enumerate((0, 1)):  # the head of each arrow, just before the box, on the line of its input
        y = decoder + TITLE + LINE * row + LINE // 2
        assert is_line[index][y - 3 : y + 4, left[2] - 5].all()
    assert not is_line[1][:, : left[1]].any()  # nothing of the backbone's goes back
    middle = left[1] + WIDTH // 2  # the frame passes beside the backbone's box, whose edges are of another colour
    assert is_line[0][:, middle].any() and is_line[1][:, middle].sum() >= 2
