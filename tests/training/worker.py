"""One process of a training run; TF_CONFIG says which. See test_distribution.py."""

import sys
from pathlib import Path

from tests.training.tiny import TINY
from ttvos_tf.training.loop import train

if __name__ == "__main__":
    train(TINY, Path("."), Path(sys.argv[1]))
