"""Network in, network out: exact rewrites of functional Keras models."""
