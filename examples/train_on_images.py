# %% [markdown]
# # Train on a folder of your own images
#
# Still images with a mask each are enough: training sets them in motion. This page fine-tunes the shipped
# MobileNetV2. It needs a checkout and `pip install '.[train]'`. The page trains a few steps only, to show the way; it
# does not make a better network.
#
# ## The folder
#
#     my_images/images/a.jpg          a photograph
#     my_images/annotations/a.png     its mask: white on the object, black elsewhere
#
# Here, pictures of the bundled clip stand in for photographs.

# %%
import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import ttvos_tf
from ttvos_tf.data.clip import ClipSpec
from ttvos_tf.data.saliency import SaliencyClips
from ttvos_tf.runtime import Tracker, draw_overlay, open_source
from ttvos_tf.sample.render import CAR, VIDEO, render

CHECKOUT = Path(ttvos_tf.__file__).parents[1]
FOLDER = Path("my_images")

for part in ("images", "annotations"):
    (FOLDER / part).mkdir(parents=True, exist_ok=True)
for index, (frame, ids) in enumerate(zip(*(array[::8] for array in render()), strict=True)):
    Image.fromarray(frame).save(FOLDER / f"images/{index}.jpg")
    Image.fromarray(np.where(ids == CAR, np.uint8(255), np.uint8(0))).save(FOLDER / f"annotations/{index}.png")

# %% [markdown]
# ## See the clips before you train
#
# The target is tinted. Objects move on their own, others pass by, and colours change.

# %%
source = SaliencyClips(FOLDER)
clips = [source.sample(np.random.default_rng(seed), ClipSpec(length=4, height=128, width=224)) for seed in range(3)]


def row(clip):
    """A clip's frames side by side."""
    shown = [draw_overlay(frame, np.uint8(mask == 1)) for frame, mask in zip(clip.frames, clip.masks, strict=True)]
    return np.hstack(shown)


Image.fromarray(np.vstack([row(clip) for clip in clips]))

# %% [markdown]
# ## The run
#
# Yours: 240x432, some 2000 steps, `learning_rate` 2e-4, and other data beside your own, or the network forgets what
# it knew. A `[validation]` block keeps the weights that score best on your own sequences.
# [Training](../docs/training.md).

# %%
CONFIG = f"""\
init = "{CHECKOUT}/weights/mobilenet_v2.npz"

[model]                 # of these weights
backbone = "mobilenet_v2"
matching_channels = 64
key_channels = 64
reach = 0.25

[train]
height = 128
width = 224
lengths = [4]
batch_size = 2
steps = 20
warmup = 2
learning_rate = 1e-5
far_probability = 0.5   # the first frame of half of the clips is far from the others
ema_decay = 0.9

[[data]]
kind = "saliency"
path = "my_images"
weight = 0.7

[[data]]
kind = "synthetic"      # rendered clips
weight = 0.3
"""
Path("mine.toml").write_text(CONFIG)


def run(*words):
    """Runs a script of the checkout."""
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True)
    print(done.stdout)
    if done.returncode:
        raise SystemExit(done.stderr)


run(CHECKOUT / "training/train.py", "--config", "mine.toml", "--out", "runs/mine")
with open("runs/mine/log.csv") as file:
    for line in csv.DictReader(file):
        print({name: round(float(value), 4) for name, value in line.items()})

# %% [markdown]
# `tensorboard --logdir runs` draws losses and masks along the way.
#
# ## A file of it

# %%
run(CHECKOUT / "tflite/convert.py", "--weights", "runs/mine/weights.npz", "--size", "240x432", "--out", "out")
tracker = Tracker("out/ttvos_mobilenet_v2_240x432_float16.tflite")
for index, (_, frame) in enumerate(open_source(VIDEO)):
    labels = tracker.step(frame) if tracker.ids else tracker.start(frame, boxes=[(115, 324, 218, 83)])
    if index == 20:
        break
Image.fromarray(draw_overlay(frame, labels)[::2, ::2])
