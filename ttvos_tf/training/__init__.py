"""Training: settings, the loss of an unrolled clip, checkpoints and the loop."""
