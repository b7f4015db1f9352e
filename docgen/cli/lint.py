"""`docgen lint`: configurations that look wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docgen.cli.group import load_config, main, source_options
from docgen.cli.progress import show_parts
from docgen.errors import DriftError, Problem, UsageError
from docgen.severities import COLOURS, FORMATS, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docgen.findings import Finding
    from docgen.lint import Report
    from docgen.lint.rules import Rule

NEVER = "never"
"""Value of --fail-on with which findings do not fail."""


@main.command("lint")
@source_options
@click.option(
    "--ignore-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="TOML file with [[ignore]] tables: rule, where (file, file:line or key; * stands for "
    "anything) and reason. A tree with a pyproject.toml has them in [tool.docgen.lint].",
)
@click.option(
    "--rule",
    "only",
    multiple=True,
    metavar="RULE",
    help="Apply this rule alone; can be repeated.",
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="Show findings from this severity on; --json has all.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, NEVER]),
    default="error",
    show_default=True,
    help="Exit 1 from this severity on.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="sarif is for code scanning, github for annotations in GitHub Actions.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--rules", "list_rules", is_flag=True, help="List every rule and stop.")
@click.option(
    "--explain",
    metavar="RULE",
    help="Print reason, example and mend of a rule (`all`: of every rule); stop.",
)
def lint_tree(
    *,
    root: Path | None,
    source: Path | None,
    dialect: str | None,
    ignore_file: Path | None,
    only: tuple[str, ...],
    severity: str,
    fail_on: str,
    form: str,
    as_json: bool,
    list_rules: bool,
    explain: str | None,
) -> None:
    """Look for configurations that are valid and look wrong: lost zeros, copies, dead classes.

    Values are held against their siblings: the same model on one device and on eight, with and
    without a power limit, for two accuracy targets. Nothing of the tree is run.

    To accept a finding, say why: `# docgen: ignore[RULE] REASON` on its line or right above.

    \b
    Exit codes:
      0 nothing as grave as --fail-on   1 findings   2 usage   3 source

    \b
    Examples:
      docgen lint
      docgen lint --source closed/SUBMITTER --severity error
      docgen lint --source closed/SUBMITTER --json | jq '.findings[].message'
      docgen lint --explain rate-power
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if list_rules or explain:
        _print_rules(explain)
        return
    _check_names("--rule", only)
    from docgen.lint import PARTS, run

    config = load_config(root, source, dialect)
    with show_parts("looking", len(PARTS), quiet=as_json) as begin:
        report = run(config, ignore_file=ignore_file, only=only, on_part=begin)
    _put(report, "json" if as_json else form, severity)
    failing = report.failing(fail_on) if fail_on != NEVER else ()
    if failing and (as_json or form != "text"):
        raise click.exceptions.Exit(DriftError.exit_code)
    if failing:
        got = f"{len(failing)} findings" if len(failing) > 1 else "one finding"
        want = f"configurations without findings of severity {fail_on}"
        raise DriftError(Problem("lint", want, got, "mend or accept them, see above"))


def _check_names(option: str, names: Sequence[str]) -> None:
    """Raise UsageError for every name that no rule has."""
    from difflib import get_close_matches

    from docgen.lint.rules import RULES

    problems = []
    for name in names:
        if name not in RULES:
            near = get_close_matches(name, RULES, n=1, cutoff=0.5)
            do = f"did you mean {near[0]!r}?" if near else "see `docgen lint --rules`"
            problems.append(Problem(option, "the name of a rule", repr(name), do))
    if problems:
        raise UsageError(problems)


def _print_rules(name: str | None) -> None:
    """Print one rule in full, or all in a line each."""
    from docgen.lint.rules import RULES

    if name is None:
        width = max(map(len, RULES))
        for rule in RULES.values():
            click.echo(f"{rule.id:{width}}  {rule.severity:7}  {rule.title}")
        return
    if name != "all":
        _check_names("--explain", [name])
    for number, rule in enumerate(RULES.values() if name == "all" else [RULES[name]]):
        if number:
            click.echo()
        _print_rule(rule)


def _print_rule(rule: Rule) -> None:
    """Print one rule in full."""
    click.echo(click.style(rule.id, bold=True) + f" ({rule.severity})")
    for label, text in (
        ("", rule.title),
        ("Reason: ", rule.reason),
        ("Example: ", rule.example),
        ("Mend: ", rule.mend),
    ):
        click.echo(click.wrap_text(label + text, 96, "  ", "  "))


def _put(report: Report, form: str, severity: str) -> None:
    """Print a report in one of its forms."""
    import json

    from docgen.findings import at_least, to_items
    from docgen.forms import Text, to_github, to_sarif
    from docgen.lint.rules import RULES

    shown = at_least(report.findings, severity)
    if form == "json":
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    elif form == "sarif":
        texts = {
            r.id: Text(title=r.title, why=r.reason, example=r.example, severity=r.severity)
            for r in RULES.values()
        }
        both = [*shown, *at_least(report.accepted, severity)]
        click.echo(to_sarif(to_items(both), "docgen lint", texts))
    elif form == "github":
        click.echo(to_github(to_items(shown)))
    else:
        _print_text(report, shown)


def _print_text(report: Report, shown: Sequence[Finding]) -> None:
    """Print findings for people: what, where, beside what, for which configurations."""
    from docgen.findings import count

    for finding in shown:
        head = click.style(f"{finding.severity} {finding.code}", fg=COLOURS[finding.severity])
        click.echo(f"{click.style(finding.place, bold=True)}: {head}: {finding.message}")
        for other in finding.others[:3]:
            place = f"{other.source.path}:{other.source.line}"
            click.echo(click.style(f"    beside {place}: {other.text}", dim=True))
        if finding.keys:
            more = f" and {len(finding.keys) - 2} more" if len(finding.keys) > 3 else ""  # noqa: PLR2004
            names = finding.keys[: 2 if more else 3]
            click.echo(click.style(f"    in {', '.join(names)}{more}", dim=True))
    hidden = len(report.findings) - len(shown)
    tail = f"; {hidden} not shown, see --severity" if hidden else ""
    accepted = f", {len(report.accepted)} accepted with a reason" if report.accepted else ""
    told: Any = count(report.findings)
    click.echo(f"{report.configurations} configurations: {told}{accepted}{tail}")
