"""The one place where TensorFlow and Keras are imported.

tensorflow-model-optimization accepts only tf_keras (Keras 2) models, so the whole project uses tf_keras. The
environment variable has to be set before TensorFlow's first import, or `tf.keras` would be Keras 3.
"""

import os
from typing import Any, TypeAlias

from ttvos_tf import startup

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with startup.unheard():  # CUDA's plugins are registered twice, and say so above every error of ours
    import tensorflow as tf
    import tf_keras as keras

layers = keras.layers
Tensor: TypeAlias = Any  # TensorFlow's or a symbolic one of Keras: neither has types

__all__ = ["Tensor", "keras", "layers", "tf"]
