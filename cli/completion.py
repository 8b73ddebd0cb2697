"""`vacancy completion SHELL`: a completion script, made from the parser itself."""

import argparse

from cli import output

SHELLS = ("bash", "zsh", "tcsh")


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Print a completion script."
    parser.epilog = "example: vacancy completion bash > ~/.local/share/bash-completion/completions/vacancy"
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(debug=False)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from cli.main import parser

    output.write(shtab.complete(parser(), args.shell) + "\n")
    return 0
