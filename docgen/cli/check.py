"""`docgen check`: do pages, evidence and prose still agree with the source?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docgen.cli.group import load_config, main, source_options
from docgen.errors import DriftError, Problem

if TYPE_CHECKING:
    from docgen.check import Finding
    from docgen.prose.check import Report
    from docgen.prose.model import Verdict

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@main.command("check")
@click.argument("documents", nargs=-1, type=click.Path(path_type=Path), metavar="[DOC]...")
@source_options
@click.option("--prose", is_flag=True, help="Check what documents say, not pages and evidence.")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Form of the findings.",
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
def check_all(
    *,
    documents: tuple[Path, ...],
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    prose: bool,
    strict: bool,
    form: str,
    as_json: bool,
) -> None:
    """Hold pages, evidence and prose against the source; exit 1 with every reason, 0 when clean.

    Without DOC, everything is checked: generated pages and evidence, and what the
    hand-written documents claim. With DOC, --prose or --source it is the claims of
    documents alone: commands, options, paths, names, lists, defaults, versions, links.
    Nothing is executed and nothing is written.

    \b
    Examples:
      docgen check
      docgen check --prose README.md docs/guides/tuning.md
      docgen check --source closed/SUBMITTER
      docgen check --source closed/SUBMITTER documentation/FAQ.md --json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from docgen.prose.check import check as check_prose

    config = load_config(root, source, dialect)
    drift: tuple[Finding, ...] = ()
    if source is None and not prose and not documents:
        from docgen.check import check

        drift = check(config)
    report = check_prose(config, documents)
    failing = [f for f in drift if f.fails or (strict and " info " not in f" {f.text}")]
    wrong = [v for v in report.findings if _fails(v, strict=strict)]
    _show("json" if as_json else form, drift, failing, report, clean=not failing and not wrong)
    if not failing and not wrong:
        return
    if as_json or form != "text":
        raise click.exceptions.Exit(DriftError.exit_code)
    number = len(failing) + len(wrong)
    count = f"{number} of them do not" if number > 1 else "one does not"
    raise DriftError(
        Problem("check", "pages, evidence and prose that agree with the source", count, "see above")
    )


def _fails(verdict: Verdict, *, strict: bool) -> bool:
    """Tell whether a finding makes the check fail."""
    bad = ("error", "warning") if strict else ("error",)
    return verdict.severity in bad and not verdict.reason


def _show(
    form: str, drift: tuple[Finding, ...], failing: list[Finding], report: Report, *, clean: bool
) -> None:
    """Print everything in the form that was asked for."""
    from dataclasses import asdict

    from docgen.prose import reports

    if form == "json":
        click.echo(reports.to_json(report, clean=clean, drift=[asdict(f) for f in drift]))
    elif form == "github":
        click.echo(reports.to_github(report))
    else:
        _show_drift(drift, failing)
        _show_prose(report)
        if clean:
            click.echo("clean: everything that was checked agrees with the source")


def _show_drift(drift: tuple[Finding, ...], failing: list[Finding]) -> None:
    """Print findings about pages and evidence."""
    for finding in drift:
        colour = "red" if finding in failing else "yellow"
        click.echo(click.style(finding.kind, fg=colour) + f" {finding.where}: {finding.text}")
        for line in finding.diff.splitlines():
            fg = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.echo("  " + click.style(line, fg=fg))


def _show_prose(report: Report) -> None:
    """Print findings about documents, and the numbers."""
    from docgen.prose import reports

    for one in report.findings:
        if one.reason:
            continue
        head = click.style(f"{one.severity} {one.code}", fg=_COLOURS[one.severity])
        click.echo(f"{one.document}:{one.line}: {head}: {reports.sentence(one)}")
    numbers = reports.summary(report)
    click.echo(
        "{documents} documents, {claims} claims: {held} hold; {errors} errors, "
        "{warnings} warnings, {infos} notes, {accepted} accepted".format(**numbers)
    )
