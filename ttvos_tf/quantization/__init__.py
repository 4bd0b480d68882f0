"""8-bit fake quantisation of a network, for quantisation-aware training and for int8 export."""

from ttvos_tf.quantization.calibration import calibrate
from ttvos_tf.quantization.network import quantize

__all__ = ["calibrate", "quantize"]
