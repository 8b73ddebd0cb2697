"""`make bench`: every figure beside its reference, each part in a process of its own, one after the other."""

import subprocess
import sys

PARTS = (
    "startup",
    "decode",
    "store_memory",
    "cold_start",
    "watch_load",
    "cloud_feed",
    "replan",
    "eci_view",
    "key_latency",
)


def main() -> int:
    """Run the parts; the number of those that broke."""
    broken = 0
    for part in PARTS:
        print(f"\n== {part.replace('_', ' ')}", flush=True)
        broken += subprocess.run([sys.executable, "-m", f"tests.bench.{part}"], check=False).returncode != 0
    return broken


if __name__ == "__main__":
    sys.exit(main())
