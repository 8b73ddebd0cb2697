"""The options that say where the data comes from, which the screens and all commands share."""

import argparse

from core.where import Where


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """--from, --kubeconfig, --context, --namespace and --debug."""
    source = parser.add_argument_group("where from")
    source.add_argument(
        "--from", dest="dump", metavar="PATH", help="a dump: a file or folder, JSON or YAML, gzipped or not; - is stdin"
    )
    source.add_argument(
        "--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, else ~/.kube/config, else in-cluster"
    )
    source.add_argument("--context", metavar="NAME", help="default: the current one")
    source.add_argument("-n", "--namespace", metavar="NAME", help="where the identity may read only one namespace")
    source.add_argument("--debug", action="store_true", help="show tracebacks")


def where(args: argparse.Namespace) -> Where:
    """The source that the options name."""
    return Where(args.dump, args.kubeconfig, args.context, args.namespace, bool(getattr(args, "write", False)))
