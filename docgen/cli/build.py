"""`docgen build`: from source to site in one command."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docgen.cli.group import load_config, main, source_options
from docgen.cli.progress import show_steps
from docgen.errors import Problem, SnippetError, SourceError, UsageError

if TYPE_CHECKING:
    from docgen.build import Figure, Report
    from docgen.config import Config

NOT_VERIFIED = "Result not verified by MLCommons Association."
"""Footnote under every table of figures."""

WIDTH = 120
"""Columns of the report where no terminal says how many it has."""


@main.command("build")
@source_options
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the site of a tree given with --source.",
)
@click.option(
    "--url",
    metavar="PATTERN",
    help="Where links to the source go, with {path} and {line}; without it, to pages of the site.",
)
@click.option(
    "--since",
    metavar="OLD",
    help="Add pages of what changed since OLD: a folder, @REV, PATH@REV or an exported Catalog.",
)
@click.option("--no-run", is_flag=True, help="Execute nothing; pages show what is kept.")
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Execute only snippets whose id matches, such as 'run:cpu/*'; can be repeated.",
)
@click.option("--rerun", is_flag=True, help="Execute snippets even where their result still holds.")
@click.option(
    "--jobs",
    "-j",
    default="auto",
    metavar="N",
    show_default=True,
    help="Processes of Sphinx, and snippets at once; those that measure always run alone.",
)
@click.option("--no-site", is_flag=True, help="Stop after writing the pages; no Sphinx.")
@click.option("--allow-warnings", is_flag=True, help="Let the site stand despite warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def build_all(
    *,
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    output: Path | None,
    url: str | None,
    since: str | None,
    no_run: bool,
    only: tuple[str, ...],
    rerun: bool,
    jobs: str,
    no_site: bool,
    allow_warnings: bool,
    as_json: bool,
) -> None:
    """Measure what is stale and can run here, render the pages, build the site.

    A snippet that fails does not stop the build: its page says so, and the command
    ends with exit code 5. Neither does a source that cannot be read whole: what can
    be read is built, no page is removed, and the command ends with exit code 3.

    \b
    Examples:
      docgen build
      docgen build --no-run                  on a machine that should not measure
      docgen build --only 'run:cpu/digits/*' --rerun
      docgen build --source closed/SUBMITTER --output site
      docgen build --no-run --since @v0.1.0
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from docgen.build import Options, build

    config = _configure(root, source, dialect, output, url)
    if since:
        from dataclasses import replace

        config = replace(config, since=_absolute(since))
    options = Options(
        run=not no_run and source is None,
        only=only,
        force=rerun,
        jobs=read_jobs(jobs),
        site=not no_site,
        strict=not allow_warnings,
    )
    with show_steps(quiet=as_json) as on_step:
        report = build(config, options, on_step)
    if as_json:
        click.echo(json.dumps(describe(report, config), indent=2))
    else:
        print_report(report, config)
    from docgen.extract import problem_of

    unread = [found for found in report.diagnostics if found.severity == "error"]
    if unread:
        raise SourceError([problem_of(found) for found in unread])
    if report.failed:
        raise SnippetError(
            Problem(
                name, "a snippet that passes", reason or "a failure", "see its output on its page"
            )
            for name, reason in report.failed
        )


def _configure(
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    output: Path | None,
    url: str | None,
) -> Config:
    """Return the configuration; raise UsageError where --source and --output do not fit."""
    if source is None and output is None:
        return load_config(root, None, dialect, repository_url=url)
    if source is None or output is None:
        want = "--source and --output together"
        got = "--output alone" if source is None else "--source alone"
        raise UsageError(Problem("--output", want, got, "give both or none"))
    return load_config(root, source, dialect, output=output, repository_url=url or "")


def _absolute(since: str) -> str:
    """Return what --since names, seen from the working directory; `@REV` is about the tree."""
    path, at, rest = since.rpartition("@")
    if Path(since).exists():
        return str(Path(since).absolute())
    return f"{Path(path).absolute()}{at}{rest}" if path else since


def read_jobs(text: str) -> int:
    """Return a number of processes; `auto` is the processors of this process, at most 8.

    Why: every process of Sphinx holds all pages.

    Raises:
        UsageError: Neither `auto` nor a whole number from 1.
    """
    if text == "auto":
        return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    if not text.isdigit() or int(text) < 1:
        want = "auto or a whole number from 1"
        raise UsageError(Problem("--jobs", want, repr(text), "give one of them"))
    return int(text)


def describe(report: Report, config: Config) -> dict[str, Any]:
    """Return the report as JSON values."""
    from dataclasses import asdict

    import msgspec

    site = report.site
    return {
        "site": str(site.path / "index.html") if site is not None else None,
        "pages_read": site.read if site is not None else None,
        "pages_written": site.written if site is not None else None,
        "warnings": list(site.warnings) if site is not None else [],
        "generated": report.pages,
        "store": str(config.store),
        "executed": list(report.executed),
        "failed": [{"snippet": name, "reason": reason} for name, reason in report.failed],
        "states": report.states,
        "figures": [asdict(figure) for figure in report.figures],
        "figures_note": NOT_VERIFIED,
        "diagnostics": msgspec.to_builtins(report.diagnostics),
        "seconds": {name: round(value, 3) for name, value in report.seconds.items()},
    }


def print_report(report: Report, config: Config) -> None:
    """Print where the site is, what was measured, and how long each phase took."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    if report.figures:
        console.print(_make_table(report, console.width))
        console.print(f"unverified: {NOT_VERIFIED}", style="dim")
    states = ", ".join(f"{count} {state}" for state, count in report.states.items())
    console.print(f"snippets   {states or 'none'}; {len(report.executed)} executed now")
    pages = ", ".join(f"{count} {what}" for what, count in report.pages.items())
    console.print(f"pages      {pages}", highlight=False)
    for item in report.diagnostics:
        if item.severity == "error":
            place = f"{item.source.path}:{item.source.line}"
            console.print(
                f"source     {place}: {item.message}", style="red", markup=False, soft_wrap=True
            )
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in report.seconds.items())
    console.print(f"seconds    {seconds}; {sum(report.seconds.values()):.1f} in all")
    console.print(f"evidence   {config.store}", soft_wrap=True, highlight=False)
    if report.site is not None:
        site = report.site
        console.print(f"Sphinx     {site.read} pages read, {site.written} of {site.pages} written")
        for warning in site.warnings:
            console.print(f"warning    {warning}", style="yellow", markup=False, soft_wrap=True)
        console.print(f"site       {site.path / 'index.html'}", soft_wrap=True, highlight=False)


def _describe_run(figure: Figure) -> str:
    """Return what a reader must know of the run that a figure comes from."""
    words = [] if figure.state == "measured" else [figure.state]
    words += [f"as {figure.precision}, not the entry's own"] if figure.precision else []
    words += ["quick" if figure.quick else "full"]
    words += ["synthetic weights: speed only"] if figure.synthetic else []
    words += ["now"] if figure.now else []
    return ", ".join(words)


def _make_table(report: Report, width: int) -> Any:
    """Return the figures as a table; narrow terminals get the columns that matter most."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, title="what is measured (unverified)", title_justify="left")
    table.add_column("entry", no_wrap=True)
    table.add_column("figure", justify="right", no_wrap=True)
    wide = width >= WIDTH
    for name in ("metric", "verdict", "state", "run") if wide else ("verdict", "run"):
        table.add_column(name)
    for figure in report.figures:
        table.add_row(
            figure.entry,
            f"{figure.value:,.6g} {figure.unit}",
            *((figure.name, figure.verdict, figure.state) if wide else (figure.verdict,)),
            _describe_run(figure),
        )
    return table
