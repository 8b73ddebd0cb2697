"""`python -m sim` runs the simulator."""

import sys

from sim.main import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
