"""The options that say where the data comes from, which the screens and all commands share."""

import argparse

from core.where import Where


def add_source_options(parser: argparse.ArgumentParser, first: bool = False) -> None:
    """--from, --kubeconfig, --context, --namespace, those of the cloud and of Prometheus, and --debug.

    Only the `first` parser sets defaults: a command's own would undo what was said before it."""
    source = parser.add_argument_group("where from")
    options = [
        source.add_argument(
            "--from",
            dest="dump",
            metavar="PATH",
            help="a dump: a file or folder, JSON or YAML, gzipped or not; - is stdin",
        ),
        source.add_argument(
            "--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, else ~/.kube/config, else in-cluster"
        ),
        source.add_argument("--context", metavar="NAME", help="default: the current one"),
        source.add_argument("-n", "--namespace", metavar="NAME", help="where the identity may read only one namespace"),
        source.add_argument(
            "--profile", metavar="NAME", default="", help="credentials of the aliyun CLI; default: as its SDKs"
        ),
        source.add_argument("--region", metavar="ID", default="", help="default: where the nodes are"),
        source.add_argument(
            "--cluster-id", metavar="ID", default="", help="the ACK cluster; default: what the nodes say"
        ),
        source.add_argument(
            "--prometheus",
            metavar="URL",
            default="",
            help="where days of usage are known; default: $VACANCY_PROMETHEUS",
        ),
        source.add_argument("--window", metavar="SPAN", default="", help="how many of them, with --prometheus (7d)"),
        source.add_argument("--no-cloud", dest="cloud", action="store_false", help="don't ask Alibaba Cloud anything"),
        source.add_argument("--debug", action="store_true", help="show tracebacks"),
    ]
    if not first:
        for option in options:
            option.default = argparse.SUPPRESS


def where(args: argparse.Namespace) -> Where:
    """The source that the options name."""
    return Where(
        args.dump,
        args.kubeconfig,
        args.context,
        args.namespace,
        write=bool(getattr(args, "write", False)),
        profile=args.profile,
        region=args.region,
        cluster_id=args.cluster_id,
        cloud=args.cloud,
        prometheus=args.prometheus,
        window=args.window,
    )
