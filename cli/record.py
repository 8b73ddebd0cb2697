"""`vacancy record PATH`: a dump of the live cluster for `--from`, with secrets masked."""

import argparse
import asyncio
import os
import sys

from cli.reading import ProgressLine
from cli.where import add_source_options, where
from core.session import record
from core.views.text import sanitise

EXAMPLES = """examples:
  vacancy record cluster.json.gz                 everything that vacancy reads, in one gzipped file
  vacancy nodes --from cluster.json.gz           the same answers, without the cluster

Secrets are never read. Values of environment variables, passwords in arguments and annotations, user data and copies
of manifests are masked. The file is readable by you alone; it still names your applications: mind whom you give it to.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Write a dump of the cluster, page by page, with secrets masked."
    parser.epilog = EXAMPLES
    parser.add_argument("path", metavar="PATH", help="the file to write; gzipped when it ends in .gz")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Write the dump, and say what is in it."""
    bar = ProgressLine()
    try:
        done = asyncio.run(record(where(args), args.path, bar.show))
    finally:
        bar.clear()
    for note in done.notes:
        print(f"vacancy: {sanitise(note)}", file=sys.stderr)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in done.counts.items() if count)
    print(f"{args.path}: {os.stat(args.path).st_size / 1e6:,.1f} MB, {counts}")
    return 0
