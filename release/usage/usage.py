"""Tracks one object with NumPy and ai-edge-litert alone: pip install ai-edge-litert

python usage.py MODEL.tflite frames.rgb first.gray masks.gray
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

model, frames_file, first_file, masks_file = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=2)
init, step = (interpreter.get_signature_runner(name) for name in ("init", "step"))
height, width = init.get_input_details()["mask"]["shape"][1:3]
frames = np.fromfile(frames_file, np.uint8).reshape(-1, 1, height, width, 3)
first = np.fromfile(first_file, np.uint8).reshape(1, height, width, 1) > 127

state = init(frame=frames[0], mask=first.astype(np.float32))
with open(masks_file, "wb") as masks:
    for frame in frames[1:]:
        known = {"frame": frame, **state}  # step takes the whole state, and gives the next one
        state = step(**{name: known[name] for name in step.get_input_details()})
        masks.write(np.uint8(255) * (state.pop("probability") > 0.5))
