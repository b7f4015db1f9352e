"""`docgen export`: the Catalog as JSON, its JSON Schema, or one digest a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docgen.cli.group import load_config, main, source_options

if TYPE_CHECKING:
    from docgen.catalog import Catalog
    from docgen.errors import Problem

SHOWN = 20
"""Errors of a tree that are printed; the Catalog has all."""


@main.command("export")
@source_options
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write; without it, the result goes to standard output.",
)
@click.option("--schema", is_flag=True, help="Write the JSON Schema of the Catalog instead.")
@click.option(
    "--digests",
    is_flag=True,
    help="Write one line a configuration instead: key, tab, SHA-256 of its fields.",
)
@click.option(
    "--lenient",
    is_flag=True,
    help="Let broken configurations pass; what is wrong is in the Catalog's diagnostics.",
)
def export_catalog(
    *,
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    output: Path | None,
    schema: bool,
    digests: bool,
    lenient: bool,
) -> None:
    """Read the source and write the Catalog as JSON; nothing of the source is run.

    Ends with every problem, each with file, line and column, where a configuration
    cannot be resolved. Of a tree given with --source, everything that can be read is
    written all the same before the command ends with exit code 3.

    \b
    Examples:
      docgen export --output catalog.json
      docgen export --schema > catalog.schema.json
      docgen export --source closed/SUBMITTER --digests
      docgen export | jq '.entries[].key'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if schema:
        from docgen.catalog import schema_json

        put(schema_json(), output)
        return
    config = load_config(root, source, dialect)
    strict = source is None and not lenient
    if digests:
        from docgen.extract import errors_of, extract

        catalog = extract(config, strict=strict)
        data, problems = _lines(catalog), errors_of(catalog)
    else:
        from docgen.extract import export

        data, problems = export(config, strict=strict)
    put(data, output)
    if problems and not lenient:
        _end_on_errors(problems, config.root.resolve().name)


def _lines(catalog: Catalog) -> bytes:
    """Return one line a configuration."""
    from docgen.digests import lines

    return "".join(f"{line}\n" for line in lines(catalog)).encode("utf-8", "backslashreplace")


def put(data: bytes, output: Path | None) -> None:
    """Write the result to a file, or to standard output."""
    if output is None:
        click.echo(data, nl=False)
        return
    _write(output, data)
    click.echo(f"wrote {output} ({len(data):,} bytes)", err=True)


def _end_on_errors(problems: list[Problem], where: str) -> None:
    """Raise SourceError with the first errors of a tree."""
    from docgen.errors import Problem, SourceError

    if len(problems) > SHOWN:
        want, got = "a tree without errors", f"{len(problems) - SHOWN} more errors"
        do = "see the diagnostics of the exported Catalog"
        problems = [*problems[:SHOWN], Problem(where, want, got, do)]
    raise SourceError(problems)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; OutputError where the place refuses."""
    from docgen.errors import OutputError, Problem
    from docgen.writing import write_atomically

    try:
        write_atomically(path, data)
    except OSError as error:
        got = error.strerror or str(error)
        raise OutputError(
            Problem(str(path), "a place to write to", got, "choose another --output")
        ) from error
