"""``python -m autograd_core``: the same as the command ``autograd-core``."""

import sys

from autograd_core.command.cli import main

if __name__ == "__main__":
    sys.exit(main())
