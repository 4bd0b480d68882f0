"""Runs TTVOS `.tflite` models on video: numpy, OpenCV and a TFLite runtime, no TensorFlow.

from ttvos_tf.runtime import Tracker, open_source, write_mask

tracker = Tracker("mobilenet_v2")                          # or "hrnet", or the path of a .tflite file
frames = iter(open_source("walk.mp4"))                     # (name, uint8 (H, W, 3) RGB)
name, frame = next(frames)
tracker.start(frame, boxes=[(210, 80, 120, 300)])          # left, top, width, height in pixels
for name, frame in frames:
    write_mask(f"{name}.png", tracker.step(frame))         # uint8 (H, W), pixel value = object id
"""

from ttvos_tf.errors import TTVOSError
from ttvos_tf.media.images import write_mask
from ttvos_tf.media.overlay import draw_overlay
from ttvos_tf.media.video import open_source
from ttvos_tf.runtime.tracker import Tracker

__all__ = ["TTVOSError", "Tracker", "draw_overlay", "open_source", "write_mask"]
