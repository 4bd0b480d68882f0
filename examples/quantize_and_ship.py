# %% [markdown]
# # Quantise and ship your own model
#
# From float weights to an int8 file that any device takes. This page needs a checkout and `pip install '.[train]'`.
# It trains a few steps only, to show the way. The shipped weights stand in for yours.

# %%
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import ttvos_tf
from ttvos_tf.runtime import Tracker, draw_overlay, open_source
from ttvos_tf.sample.render import VIDEO

CHECKOUT = Path(ttvos_tf.__file__).parents[1]
WEIGHTS = CHECKOUT / "weights/mobilenet_v2.npz"  # yours: runs/mine/weights.npz
SIZE = "240x432"


def run(*words):
    """Runs a script or module; what it printed."""
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


# %% [markdown]
# ## Learn to round
#
# The network trains on with 8-bit fake quantisation. Its targets are the masks of the float network, `targets =
# "init"`. Yours: 240x432, 300 steps of 4 clips of 6 frames, `learning_rate` 5e-5, and the data of the float training:
# `training/configs/mobilenet_v2_int8.toml`.

# %%
CONFIG = f"""\
init = "{WEIGHTS}"

[model]
backbone = "mobilenet_v2"
matching_channels = 64
key_channels = 64
reach = 0.25
quantized = true

[train]
height = 128
width = 224
lengths = [4]
batch_size = 2
steps = 40
warmup = 4
learning_rate = 5e-5
targets = "init"
far_probability = 0.5
ema_decay = 0.9

[[data]]
kind = "synthetic"
"""
Path("mine_int8.toml").write_text(CONFIG)
print(run(CHECKOUT / "training/train.py", "--config", "mine_int8.toml", "--out", "runs/mine_int8"))

# %% [markdown]
# ## Convert
#
# Float weights give float files. Quantised weights give the int8 file, and a pair of files for a Coral. Each file
# carries its own checksum.

# %%
convert = CHECKOUT / "tflite/convert.py"
run(convert, "--weights", WEIGHTS, "--size", SIZE, "--out", "out")
run(convert, "--weights", "runs/mine_int8/weights.npz", "--size", SIZE, "--out", "out")
for path in sorted(Path("out").glob("*.tflite")):
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
print(run("-m", "ttvos_tf", "info", f"out/ttvos_mobilenet_v2_{SIZE}_int8.tflite"))

# %% [markdown]
# ## Compare with the float file
#
# On your own annotated sequences, `ttvos evaluate --davis FOLDER --model FILE` says what rounding costs. Here: how
# alike both files' masks of the bundled clip are.

# %%
trackers = {
    precision: Tracker(f"out/ttvos_mobilenet_v2_{SIZE}_{precision}.tflite") for precision in ("float32", "int8")
}
ious = []
for _, frame in open_source(VIDEO):
    masks = {
        precision: tracker.step(frame) if tracker.ids else tracker.start(frame, boxes=[(115, 324, 218, 83)])
        for precision, tracker in trackers.items()
    }
    both = np.stack(list(masks.values())) > 0
    ious.append(np.count_nonzero(both.all(axis=0)) / np.count_nonzero(both.any(axis=0)))
print("IoU of int8 and float masks: mean", round(np.mean(ious), 3), "least", round(min(ious), 3))
Image.fromarray(np.vstack([draw_overlay(frame, mask)[::2, ::2] for mask in masks.values()]))

# %% [markdown]
# ## Measure it where it will run

# %%
report = Path("speed.json")
run("-m", "ttvos_tf", "benchmark", f"out/ttvos_mobilenet_v2_{SIZE}_int8.tflite", "--frames", 20, "--json", report)
print(json.dumps(json.loads(report.read_text()), indent=2))

# %% [markdown]
# ## Ship it
#
# The file is all that a device needs: `ttvos segment walk.mp4 --box 210,80,120,300 --model FILE`, `Tracker(FILE)`, or
# the two calls of [any TFLite runtime](signatures.py). Send the SHA-256 along. Say in its card what it learned from,
# and under which terms: [the cards of the shipped ones](../weights/mobilenet_v2.md). [Devices](../docs/devices.md)
# says what a Coral and an Ethos-U need.
