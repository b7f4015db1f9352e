"""`harness conf`: every mistake of a user.conf that LoadGen would pass over."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from runtime.cli import options
from runtime.cli.group import main


@main.command("conf")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@options.as_json("Print the problems as JSON to stdout.")
@click.pass_context
def check_conf(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check FILE, a user.conf for LoadGen, line by line.

    LoadGen takes a misspelt key, scenario or model without a word, cuts fractions, and
    ignores seeds. Exit code 0 when nothing is wrong, else 2.

    \b
    Examples:
      harness conf user.conf
      harness conf results/*/user.conf --json | jq '.[].where'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.errors import ConfigError
    from runtime.loadgen.userconf import lint

    found = [
        problem
        for path in files
        for problem in lint(path.read_text(encoding="utf-8", errors="replace"), str(path))
    ]
    if as_json:
        from runtime.cli.output import print_json

        print_json([asdict(p) for p in found])
        ctx.exit(ConfigError.exit_code if found else 0)
    if found:
        raise ConfigError(found)
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    click.echo(f"{count}: LoadGen reads every line as written")
