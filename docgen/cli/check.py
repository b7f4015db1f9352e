"""`docgen check`: do pages, evidence and prose still agree with the source?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docgen.cli.group import load_config, main, source_options
from docgen.errors import DriftError, Problem, UsageError
from docgen.severities import COLOURS, FORMATS

if TYPE_CHECKING:
    from docgen.check import Finding
    from docgen.config import Config
    from docgen.prose.baseline import Accepted
    from docgen.prose.check import Report
    from docgen.prose.model import Verdict

ACCEPTED = ".docgen-accepted.json"
"""Baseline that is used unasked where the documentation folder has it."""


@main.command("check")
@click.argument("documents", nargs=-1, type=click.Path(path_type=Path), metavar="[DOC]...")
@source_options
@click.option("--prose", is_flag=True, help="Check what documents say, not pages and evidence.")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Form of the findings.",
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Findings that are accepted, each with its reason; by default the file "
    f"{ACCEPTED} of the documentation folder, where there is one.",
)
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write every finding into the file that --baseline names, with --reason.",
)
@click.option("--reason", metavar="TEXT", help="Why the findings that are written may stand.")
@click.option("--fix", is_flag=True, help="Mend slips in names and paths that moved.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--history", is_flag=True, help="Ask git when each claim was last true.")
@click.option(
    "--earlier",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    metavar="TREE",
    help="Earlier tree to hold false claims against, the latest first; may be repeated.",
)
def check_all(
    *,
    documents: tuple[Path, ...],
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    form: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Hold pages, evidence and prose against the source; exit 1 with every reason, 0 when clean.

    Without DOC, everything is checked: generated pages and evidence, and what the
    hand-written documents claim. With DOC, --prose or --source it is the claims of
    documents alone: commands, options, paths, names, lists, defaults, versions, links.
    Nothing is executed, and nothing is written unless --fix or --write-baseline asks for it.

    \b
    Examples:
      docgen check
      docgen check --prose README.md docs/guides/tuning.md
      docgen check --source closed/SUBMITTER
      docgen check --source closed/SUBMITTER documentation/FAQ.md --json
      docgen check --source v5.1/closed/SUBMITTER --earlier v4.1/closed/SUBMITTER
      docgen check --source closed/SUBMITTER --diff
      docgen check --baseline docs/accepted.json --write-baseline --reason "tells of the past"
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from docgen.prose.check import check as check_prose

    _refuse(options)
    config = load_config(root, source, dialect)
    drift: tuple[Finding, ...] = ()
    if source is None and not options["prose"] and not documents and not options["diff"]:
        from docgen.check import check

        drift = check(config)
    if options["baseline"] is None and (config.docs / ACCEPTED).is_file():
        options["baseline"] = config.docs / ACCEPTED
    report, unused = _accepted(check_prose(config, documents), options, whole=not documents)
    report = _dated(report, config, options)
    if options["write_baseline"]:
        _write_baseline(report, options)
        return
    if options["diff"] or options["fix"]:
        report = _fixed(report, config, write=options["fix"] and not options["diff"])
        if options["diff"]:
            return
    strict = bool(options["strict"])
    failing = [f for f in drift if f.fails or (strict and " info " not in f" {f.text}")]
    wrong = [v for v in report.findings if _fails(v, strict=strict)]
    form = "json" if as_json else form
    _show(form, drift, failing, report, clean=not failing and not wrong)
    for entry in unused if form == "text" else ():
        words = f"{entry.document} {entry.code} {entry.claimed!r} fits no finding any more"
        click.echo(f"{options['baseline']}: {words}; remove it")
    _end(len(failing) + len(wrong), form)


def _end(number: int, form: str) -> None:
    """End with exit code 1 where anything is wrong."""
    if not number:
        return
    if form != "text":
        raise click.exceptions.Exit(DriftError.exit_code)
    count = f"{number} places that do not" if number > 1 else "one that does not"
    raise DriftError(
        Problem("check", "pages, evidence and prose that agree with the source", count, "see above")
    )


def _refuse(options: dict[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    problems = []
    if options["write_baseline"] and options["baseline"] is None:
        want, do = "a file to write", "give --baseline FILE too"
        problems.append(Problem("--write-baseline", want, "no --baseline", do))
    if options["write_baseline"] and not (options["reason"] or "").strip():
        want, do = "why the findings may stand", "give --reason TEXT too"
        problems.append(Problem("--write-baseline", want, "no --reason", do))
    if options["reason"] and not options["write_baseline"]:
        want, do = "--write-baseline beside it", "add it, or leave --reason out"
        problems.append(Problem("--reason", want, "--reason alone", do))
    if problems:
        raise UsageError(problems)


def _accepted(
    report: Report, options: dict[str, Any], *, whole: bool
) -> tuple[Report, list[Accepted]]:
    """Return a report with the reasons of a baseline, and its entries that fit nothing."""
    from docgen.prose import baseline
    from docgen.prose.check import Report

    path: Path | None = options["baseline"]
    if path is None or (options["write_baseline"] and not path.exists()):
        return report, []
    verdicts, unused = baseline.apply(report.verdicts, baseline.read(path))
    return Report(tuple(verdicts), report.documents), unused if whole else []


def _dated(report: Report, config: Config, options: dict[str, Any]) -> Report:
    """Return a report whose findings say when they were last true."""
    from docgen.prose.check import Report

    if not options["history"] and not options["earlier"]:
        return report
    from docgen.prose import history

    findings = list(report.findings)
    findings = history.in_earlier(findings, config, options["earlier"])
    if options["history"]:
        findings = history.in_commits(findings, config.root)
    held = [v for v in report.verdicts if v.holds]
    names = {name: place for place, name in enumerate(report.documents)}
    both = sorted([*held, *findings], key=lambda v: (names.get(v.document, 0), v.line, v.code))
    return Report(tuple(both), report.documents)


def _write_baseline(report: Report, options: dict[str, Any]) -> None:
    """Write what was found as accepted."""
    from docgen.prose import baseline

    path: Path = options["baseline"]
    before = baseline.read(path) if path.exists() else ()
    count = baseline.write(path, report.findings, options["reason"], before)
    click.echo(f"wrote {path}: {count} accepted findings")


def _fixed(report: Report, config: Config, *, write: bool) -> Report:
    """Show or write the safe edits; return the report without what they mend."""
    from docgen.prose import fixes
    from docgen.prose.check import Report

    changes = list(fixes.plan(config.root, report.findings))
    if not write:
        for change in changes:
            click.echo(change.diff(), nl=False)
        number = sum(len(c.mended) for c in changes)
        click.echo(f"{number} findings in {len(changes)} documents can be mended", err=True)
        return report
    number = fixes.write(config.root, changes)
    click.echo(f"mended {number} findings in {len(changes)} documents", err=True)
    mended = {id(v) for c in changes for v in c.mended}
    return Report(tuple(v for v in report.verdicts if id(v) not in mended), report.documents)


def _fails(verdict: Verdict, *, strict: bool) -> bool:
    """Tell whether a finding makes the check fail."""
    bad = ("error", "warning") if strict else ("error",)
    return verdict.severity in bad and not verdict.reason


def _show(
    form: str, drift: tuple[Finding, ...], failing: list[Finding], report: Report, *, clean: bool
) -> None:
    """Print everything in the form that was asked for."""
    from dataclasses import asdict

    from docgen.forms import to_github, to_sarif
    from docgen.prose import reports

    if form == "json":
        click.echo(reports.to_json(report, clean=clean, drift=[asdict(f) for f in drift]))
    elif form == "github":
        click.echo(to_github(reports.to_items(report)))
    elif form == "sarif":
        click.echo(to_sarif(reports.to_items(report), "docgen check", reports.texts()))
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

    for one, more in reports.grouped(report):
        head = click.style(f"{one.severity} {one.code}", fg=COLOURS[one.severity])
        words = f"{reports.sentence(one)}{reports.again(more)}"
        click.echo(f"{one.document}:{one.line}: {head}: {words}")
    numbers = reports.summary(report)
    click.echo(
        "{documents} documents, {claims} claims: {held} hold; {errors} errors, "
        "{warnings} warnings, {infos} notes, {accepted} accepted".format(**numbers)
    )
