"""`python -m tests.faults` is `make torture`. A module of this name is not run again in each process that it starts."""

import sys

from tests.faults.torture import main

if __name__ == "__main__":
    sys.exit(main())
