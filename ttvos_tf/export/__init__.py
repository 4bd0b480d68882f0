"""Keras network -> `.tflite` files whose state is explicit input and output tensors."""
