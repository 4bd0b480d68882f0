"""TTVOS video object segmentation: training in Keras, running on TFLite. Importing this loads no TensorFlow."""

__version__ = "0.1.0"
