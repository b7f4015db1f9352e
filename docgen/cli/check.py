"""`docgen check`: do pages and evidence still agree with the source?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from docgen.cli.group import load_config, main
from docgen.errors import DriftError, Problem


@main.command("check")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Tree to work on; without it, the nearest one whose pyproject.toml has [tool.docgen].",
)
@click.option("--strict", is_flag=True, help="Fail for warnings about the source too.")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON.")
def check_all(root: Path | None, strict: bool, as_json: bool) -> None:
    """Compare pages and evidence with the source; exit 1 with every reason, 0 when clean.

    Regenerates in memory. Nothing is executed and nothing is written.
    """
    from dataclasses import asdict

    from docgen.check import check

    findings = check(load_config(root))
    failing = [f for f in findings if f.fails or (strict and " info " not in f" {f.text}")]
    if as_json:
        click.echo(json.dumps({"clean": not failing, "findings": [asdict(f) for f in findings]}))
        if failing:
            raise click.exceptions.Exit(DriftError.exit_code)
        return
    for finding in findings:
        colour = "red" if finding in failing else "yellow"
        click.echo(click.style(finding.kind, fg=colour) + f" {finding.where}: {finding.text}")
        for line in finding.diff.splitlines():
            fg = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.echo("  " + click.style(line, fg=fg))
    if failing:
        count = f"{len(failing)} of them do not" if len(failing) > 1 else "one does not"
        raise DriftError(
            Problem("check", "pages and evidence that agree with the source", count, "see above")
        )
    click.echo("clean: pages and evidence agree with the source")
