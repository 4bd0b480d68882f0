# %% [markdown]
# # Label your video
#
# Draw a box around each object in one frame. The network labels the objects in all frames. This page runs on the
# bundled clip, with the light package alone: `pip install .` in a checkout.
#
# ## See where the objects are

# %%
from pathlib import Path

import numpy as np
from PIL import Image

from ttvos_tf.media.grid import draw_grid
from ttvos_tf.runtime import Tracker, draw_overlay, open_source, write_mask
from ttvos_tf.sample.render import VIDEO

video = open_source(VIDEO)  # yours: "walk.mp4", a folder of frames, or a camera's number
_, first = next(iter(video))  # uint8 (H, W, 3), RGB
Image.fromarray(draw_grid(first))

# %% [markdown]
# ## Say where they are
#
# A box is left, top, width, height, in the pixels that the grid numbers. The key is the object's id.

# %%
BOXES = {1: (115, 324, 218, 83), 2: (557, 46, 96, 130)}  # the car, the balloon

# %% [markdown]
# ## Follow them

# %%
tracker = Tracker("mobilenet_v2_240x432_int8", num_threads=2)  # the fast one; 480x864 follows small things better
labels, pictures, scores = [], [], []
for _, frame in video:
    labels.append(tracker.step(frame) if tracker.ids else tracker.start(frame, boxes=BOXES))
    pictures.append(draw_overlay(frame, labels[-1]))
    scores.append(tracker.scores)

Image.fromarray(np.vstack([pictures[index][::2, ::2] for index in (0, 25, 50, 75)]))

# %% [markdown]
# ## Is an object lost?
#
# [What the scores mean, and how often they are right.](../docs/correct.md)

# %%
for index in (0, 25, 50, 75):
    for object_id, score in scores[index].items():
        print(f"frame {index}, object {object_id}: {score.area} pixels, box {score.box}, lost: {score.lost}")

# %% [markdown]
# ## Put one right
#
# Stop where an object is wrong, and give it again: by a box, or by a mask, of which `ids` names the objects that are
# meant. Tracking goes on from there.

# %%
CORRECTED = 20
tracker.reset()
for index, (_, frame) in enumerate(video):
    labels[index] = tracker.step(frame) if tracker.ids else tracker.start(frame, boxes=BOXES)
    if index == CORRECTED:
        labels[index] = tracker.correct(frame, boxes={2: scores[index][2].box})  # yours: the box that you see

# %% [markdown]
# ## Keep the masks
#
# Paletted PNGs: a pixel's value is its object's id.

# %%
folder = Path("masks")
folder.mkdir(exist_ok=True)
for index, mask in enumerate(labels):
    write_mask(folder / f"{index:05d}.png", mask)
Image.open(folder / "00050.png")

# %% [markdown]
# ## The same without Python
#
#     ttvos frame walk.mp4 --grid
#     ttvos segment walk.mp4 --box 115,324,218,83 --box 557,46,96,130 --out masks --overlay seen.mp4
#
# `--format coco`, `yolo`, `labelme` or `cvat` writes what labelling tools open: [outputs](../docs/outputs.md). `ttvos
# app` does all of this with a mouse: [in the browser](../docs/browser.md).
