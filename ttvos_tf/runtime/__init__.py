"""Runs TTVOS `.tflite` models on video: numpy, OpenCV and a TFLite runtime, no TensorFlow.

from ttvos_tf.runtime import Tracker
tracker = Tracker("ttvos_hrnet_480x864_int8.tflite", num_threads=2)
tracker.start(frame, mask)          # frame: uint8 (H, W, 3) RGB; mask: uint8 (H, W), pixel value = object id
labels = tracker.step(next_frame)   # uint8 (H, W)
"""

from ttvos_tf.runtime.tracker import Tracker

__all__ = ["Tracker"]
