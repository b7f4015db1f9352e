"""`docgen completion`: the script that teaches a shell our words."""

from __future__ import annotations

import click

from docgen.cli.group import main
from docgen.errors import Problem, UsageError


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def print_completion(shell: str) -> None:
    """Print a completion script for SHELL.

    \b
    Examples:
      eval "$(docgen completion bash)"                             this shell only
      docgen completion zsh > "${fpath[1]}/_docgen"
      docgen completion fish > ~/.config/fish/completions/docgen.fish
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(Problem("completion", "a shell that click knows", shell, "update click"))
    click.echo(found(main, {}, "docgen", "_DOCGEN_COMPLETE").source())
