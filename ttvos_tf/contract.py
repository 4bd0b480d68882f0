"""Values that every room agrees on: what a mask's pixels mean, and which sizes a network takes."""

TARGET = 1  # in a training clip's mask; 0 is everything else
VOID = 255  # in any mask: unknown, left out of losses and scores
SIZE_STEP = 16  # a network's height and width are multiples of it: the coarsest features have that stride
