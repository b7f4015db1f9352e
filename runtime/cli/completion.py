"""`harness completion`: the script that teaches a shell our words."""

from __future__ import annotations

import click

from runtime.cli.group import main
from runtime.errors import MissingError, Problem


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def print_completion(shell: str) -> None:
    """Print a completion script for SHELL: options, targets, workloads, scenarios, fields.

    \b
    Examples:
      eval "$(harness completion bash)"                            this shell only
      harness completion bash > ~/.local/share/bash-completion/completions/harness
      harness completion zsh > "${fpath[1]}/_harness"
      harness completion fish > ~/.config/fish/completions/harness.fish
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise MissingError(Problem("completion", "a shell that click knows", shell, "update click"))
    click.echo(found(main, {}, "harness", "_HARNESS_COMPLETE").source())
