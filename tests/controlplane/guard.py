"""The guard: a process that outlives whoever started the cluster just long enough to clean up after it.

Run as a script with the run folder as its argument. It leads the process group in which all programs run and reads
its standard input; end of file means that the owner is gone, however it ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time


def main(folder: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the group is told to stop; its leader still has to sweep
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGCONT)
    time.sleep(0.3)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
