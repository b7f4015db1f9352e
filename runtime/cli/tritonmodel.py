"""What `harness triton model`, `validate` and `rules` do and print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runtime.cli.output import console, print_json, show_rows
from runtime.cli.request import slug
from runtime.configs.registry import Registry, load
from runtime.errors import ConfigError, Problem, UsageError
from runtime.plan import RunPlan, resolve_all
from runtime.triton.folder import Finding
from runtime.triton.validate import Report, validate, validate_text
from runtime.vocabulary import HarnessKind, Scenario

SCHEMA = 1
"""Version of the JSON forms."""


def served_plans(
    registry: Registry,
    *,
    target: str | None,
    workload: str | None,
    scenario: str | None,
    overrides: Sequence[str] = (),
    model: Path | None = None,
    quick: bool = False,
) -> tuple[RunPlan, ...]:
    """Return the plans to serve: Triton's entries, else the Server entries of the target.

    With workload and scenario given, the entry itself stands in for one that is missing.

    Raises:
        UsageError: With every word and value that is wrong.
    """
    if target is None:
        do = "name one; `harness list targets` prints them"
        raise UsageError(Problem("--target", "the name of a target", "none", do))
    words: dict[str, Any] = {"target": target, "workload": workload, "scenario": scenario}
    rest: dict[str, Any] = {"overrides": overrides, "quick": quick}
    has = [
        e
        for e in registry.entries.values()
        if e.harness is HarnessKind.TRITON
        and e.target == target
        and workload in (None, e.workload)
        and scenario in (None, str(e.scenario))
    ]
    path = None if _is_engine(model) else model
    if has:
        found = resolve_all(registry, **words, **rest, model=path, harness="triton")
    else:
        if scenario is None and workload is None:
            words["scenario"] = _usual(registry, target)
        found = resolve_all(registry, **words, **rest, model=path, harness="direct")
    return tuple(_as_served(plan, model) for plan in found)


def make_models(
    *,
    target: str | None,
    workload: str | None,
    scenario: str | None,
    overrides: tuple[str, ...],
    model: Path | None,
    backend: str | None,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Generate repositories, or print their configurations.

    Raises:
        HarnessError: Words, values, files or the generated configuration are wrong.
    """
    registry = load()
    plans = served_plans(
        registry,
        target=target,
        workload=workload,
        scenario=scenario,
        overrides=overrides,
        model=model,
    )
    if not dry_run and out is None:
        do = "name a folder, or give --dry-run to print the configurations"
        raise UsageError(Problem("--out", "the folder of the repository", "none", do))
    made = []
    for plan in plans:
        if dry_run or out is None:
            made.append(_printed(plan, registry, backend or ""))
        else:
            place = out if len(plans) == 1 else out / slug(plan.key)
            made.append(_written(plan, place, backend or ""))
    if as_json:
        print_json(made)
        return
    for one in made:
        click.echo(one["config"], nl=False)
        click.echo(f"# {one['said']}\n")


def show_report(report: Report, *, as_json: bool) -> int:
    """Print what a validation found and return the exit code: 2 with an error."""
    if as_json:
        print_json(
            {
                "kind": "calliope.triton-validation",
                "schema": SCHEMA,
                "repository": str(report.repository),
                "models": list(report.models),
                "valid": not report.errors,
                "findings": [_finding_json(f) for f in report.findings],
            }
        )
    else:
        for found in report.findings:
            colour, word = ("red", "error") if found.rule.error else ("yellow", "warning")
            head = click.style(word, fg=colour, bold=True)
            click.echo(f"{head} {found.problem()}")
        errors, count = len(report.errors), len(report.models)
        warnings = len(report.findings) - errors
        models = f"{count} model" + "s" * (count != 1)
        click.echo(f"{report.repository}: {models}, {errors} errors, {warnings} warnings")
    return ConfigError.exit_code if report.errors else 0


def show_rules(*, as_json: bool) -> None:
    """Print every rule."""
    from runtime.triton.rules import rules

    if as_json:
        print_json(
            [
                {
                    "id": r.id,
                    "severity": _severity(r.error),
                    "want": r.want,
                    "why": r.why,
                    "source": r.source,
                }
                for r in rules()
            ]
        )
        return
    rows = [(r.id, _severity(r.error), r.want, r.why) for r in rules()]
    show_rows(console(), ("rule", "severity", "want", "otherwise"), rows)


def _printed(plan: RunPlan, registry: Registry, backend: str) -> dict[str, Any]:
    """Return a plan's configuration, validated; nothing is opened."""
    from runtime.triton.repository import config_text
    from runtime.triton.spec import spec_of

    mig = registry.target(plan.target).mig is not None
    spec = spec_of(
        plan,
        registry.workload(plan.workload),
        backend=backend,
        gpus=(0,) if mig else None,
    )
    text = config_text(spec, plan.key)
    _raise(validate_text(text, Path(spec.name)))
    said = "validated: no rule is broken" + ("; one server a MIG slice" if mig else "")
    return {"key": plan.key, "backend": spec.backend, "config": text, "said": said}


def _written(plan: RunPlan, place: Path, backend: str) -> dict[str, Any]:
    """Write a plan's repository, validate it, and return its configuration."""
    from runtime.errors import MissingError
    from runtime.loadgen.serving import prepare_repository
    from runtime.triton.install import find_server
    from runtime.triton.modelconfig import CONFIG

    try:
        install = find_server()
    except MissingError:
        install = None  # a repository may be for another machine's server
    known = install if not backend else None
    mig = load().target(plan.target).mig is not None
    chosen = prepare_repository(plan, place, known, (0,) if mig else None, backend)
    _raise(validate(place).errors)
    text = (place / plan.workload / CONFIG).read_text(encoding="utf-8")
    said = f"written to {place} and validated; serve it with "
    said += f"`harness triton serve --repository {place}`"
    return {"key": plan.key, "backend": chosen, "config": text, "said": said, "path": str(place)}


def _raise(findings: Sequence[Finding]) -> None:
    """Raise ConfigError with every error among findings."""
    errors = [f.problem() for f in findings if f.rule.error]
    if errors:
        raise ConfigError(errors)


def _usual(registry: Registry, target: str) -> str | None:
    """Return the scenario that a target without a Triton entry is shown with."""
    has = [e.scenario for e in registry.entries.values() if e.target == target]
    return str(Scenario.SERVER) if Scenario.SERVER in has else None


def _as_served(plan: RunPlan, model: Path | None) -> RunPlan:
    """Return a plan as a served one, with the user's file."""
    from dataclasses import replace

    return replace(plan, harness=HarnessKind.TRITON, model=model or plan.model)


def _is_engine(model: Path | None) -> bool:
    """Tell whether a file is a serialized engine by its name."""
    return model is not None and model.suffix in {".plan", ".engine"}


def _finding_json(found: Finding) -> dict[str, Any]:
    """Return the JSON form of a finding."""
    return {
        "rule": found.rule.id,
        "severity": _severity(found.rule.error),
        "path": found.path,
        "line": found.line,
        "want": found.rule.want,
        "got": found.got,
        "do": found.do,
    }


def _severity(error: bool) -> str:
    return "error" if error else "warning"
