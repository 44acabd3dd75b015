"""`python -m bunraku` is the command `bunraku`."""

import sys

from bunraku.cli import main

if __name__ == "__main__":
    sys.exit(main())
