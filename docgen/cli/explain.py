"""`docgen explain`: why a setting has its value."""

from __future__ import annotations

from pathlib import Path

import click

from docgen.cli.group import load_config, main, source_options


@main.command("explain")
@click.argument("key")
@click.argument("field", required=False)
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain_setting(
    *,
    key: str,
    field: str | None,
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    as_json: bool,
) -> None:
    """Print who set FIELD of the entry KEY, where, what that overrides, and why.

    Without FIELD, prints every setting of the entry in a table.

    \b
    Examples:
      docgen explain h200-sxm-141gb/resnet50/offline batch_size
      docgen explain cpu/digits/server
      docgen explain --source closed/SUBMITTER SYSTEM/BENCHMARK/Offline gpu_batch_size
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from docgen import explain as e
    from docgen.errors import UsageError
    from docgen.extract import extract, problem_of

    catalog = extract(load_config(root, source, dialect))
    try:
        found = (e.explain(catalog, key, field),) if field else e.explain_all(catalog, key)
    except UsageError as error:
        wrong = [problem_of(d) for d in catalog.diagnostics if d.severity == "error"]
        raise UsageError([*error.problems, *wrong]) from error
    if as_json:
        click.echo(e.to_json(found), nl=False)
        return
    from rich.console import Console

    console = Console(highlight=False)
    if field:
        e.print_one(found[0], console)
    else:
        e.print_table(found, console)
