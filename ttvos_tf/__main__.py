"""`python -m ttvos_tf` is `ttvos`."""

import sys

from ttvos_tf.cli import main

if __name__ == "__main__":
    sys.exit(main())
