# %% [markdown]
# # Carry the state yourself
#
# A `.tflite` file is two calls. `init` takes the first frame and its mask, and gives the state. `step` takes a frame
# and the state, and gives the probability and the next state. This page uses ai-edge-litert and NumPy alone, as a
# program on a device would. [The contract](../docs/contract.md) lists all tensors. The same program in C++,
# JavaScript, Kotlin and Swift comes with the models (`make models`).

# %%
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image  # for the pictures of this page

from ttvos_tf.runtime.installed import find_model
from ttvos_tf.sample.render import BALLOON, CAR, render

interpreter = Interpreter(model_path=str(find_model("mobilenet_v2_240x432_int8")), num_threads=2)
signatures = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
for name, signature in signatures.items():
    print(name, {key: detail["shape"].tolist() for key, detail in signature.get_input_details().items()})


# %%
def call(name, tensors):
    """Runs a signature. It takes of the tensors those that it has as inputs."""
    signature = signatures[name]
    return signature(**{key: tensors[key] for key in signature.get_input_details()})


# %% [markdown]
# ## Frames and masks of the file's size
#
# Frames are uint8 RGB, as a camera gives them. A mask is float32, 1 on the object. Here every second pixel of the
# clip is taken, and the five columns that are missing are black.

# %%
video, truth = render()  # the bundled clip: uint8 (80, 480, 854, 3) and ids (80, 480, 854)
frames = np.zeros((80, 1, 240, 432, 3), np.uint8)
frames[:, 0, :, :427] = video[:, ::2, ::2]
ids = np.zeros((80, 240, 432), np.uint8)
ids[:, :, :427] = truth[:, ::2, ::2]


def mask_of(object_id):
    """The mask of an object in the first frame: float32 (1, H, W, 1)."""
    return np.float32(ids[0] == object_id)[None, ..., None]


def iou(mask, object_id, index):
    """Intersection over union with the truth."""
    own = ids[index] == object_id
    return np.count_nonzero(mask & own) / np.count_nonzero(mask | own)


# %% [markdown]
# ## One object
#
# Pass on every `state_*` tensor, whole, by its name.

# %%
state = call("init", {"frame": frames[0], "mask": mask_of(CAR)})
cars = []
for frame in frames[1:]:
    outputs = call("step", {"frame": frame, **state})
    cars.append(outputs["probability"][0, ..., 0] > 0.5)
    state = {key: tensor for key, tensor in outputs.items() if key.startswith("state_")}

print("bytes of state:", sum(tensor.nbytes for tensor in state.values()))
print("mean IoU of the car:", round(np.mean([iou(mask, CAR, t) for t, mask in enumerate(cars, start=1)]), 3))


# %%
def tinted(frame, *masks):
    """The frame with masks in colour."""
    picture = frame[0].copy()
    for mask, colour in zip(masks, ((220, 40, 40), (40, 200, 40)), strict=False):
        picture[mask] = picture[mask] // 2 + np.array(colour, np.uint8) // 2
    return picture


Image.fromarray(np.vstack([tinted(frames[t], cars[t - 1]) for t in (20, 60)]))

# %% [markdown]
# ## Several objects
#
# `encode` once a frame, `segment` once an object, a softmax over the background and all objects, `update` once an
# object.

# %%
objects = {i: call("init", {"frame": frames[0], "mask": mask_of(i)}) for i in (CAR, BALLOON)}
both = []
for frame in frames[1:]:
    features = call("encode", {"frame": frame})
    logits = np.stack([call("segment", {**features, **state})["logit"] for state in objects.values()])
    odds = np.concatenate([-logits.max(axis=0, keepdims=True), logits])  # the background's first
    odds = np.exp(odds - odds.max(axis=0))
    shares = odds / odds.sum(axis=0)
    for (i, state), share in zip(objects.items(), shares[1:], strict=True):
        objects[i] = call("update", {**features, **state, "mask_prob": share})
    best = shares[..., 0].argmax(axis=0)[0]
    both.append({i: best == index for index, i in enumerate(objects, start=1)})

for i, name in ((CAR, "car"), (BALLOON, "balloon")):
    print(f"mean IoU of the {name}:", round(np.mean([iou(masks[i], i, t) for t, masks in enumerate(both, 1)]), 3))
Image.fromarray(np.vstack([tinted(frames[t], *both[t - 1].values()) for t in (20, 60)]))
