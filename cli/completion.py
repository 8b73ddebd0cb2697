"""`vacancy completion SHELL`: a completion script, made from the parser itself."""

import argparse

from cli import output

SHELLS = ("bash", "zsh", "tcsh")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "completion",
        help="a shell completion script",
        description="Print a completion script.",
        epilog="example: vacancy completion bash > ~/.local/share/bash-completion/completions/vacancy",
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run, debug=False)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from cli.main import parser

    output.write(shtab.complete(parser(), args.shell) + "\n")
    return 0
