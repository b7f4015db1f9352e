"""`harness list`: what there is to run."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any

import click

from runtime.cli import options
from runtime.cli.group import main
from runtime.configs.registry import Registry
from runtime.configs.schema import Entry
from runtime.configs.target import Target
from runtime.configs.workload import Workload
from runtime.errors import Problem, UsageError, suggest
from runtime.vocabulary import Precision

_NUMBERS = ("devices", "memory", "entries", "batch", "lanes")


@main.command("list")
@click.argument(
    "what",
    type=click.Choice(["all", "targets", "workloads", "entries", "precisions"]),
    default="all",
)
@click.option(
    "--filter",
    "pattern",
    metavar="TEXT",
    default="",
    help="Only names or keys that contain TEXT; * and ? are wildcards (h200*, */resnet50/*).",
)
@click.option("--here", is_flag=True, help="Only targets whose devices this machine has.")
@options.as_json()
def list_things(what: str, pattern: str, here: bool, as_json: bool) -> None:
    """Print the targets, workloads and entries that can be run, or the targets' number formats.

    An entry is one configuration: TARGET/WORKLOAD/SCENARIO, with @99.9, @maxq or
    @triton where it differs from the usual variant.

    \b
    Examples:
      harness list                               targets and workloads
      harness list entries --filter 'h200*'      every configuration of the H200
      harness list targets --here                what this machine can run
      harness list precisions                    number formats that each target computes in
      harness list entries --json                for programs
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.configs.registry import load

    registry = load()
    targets = _here(registry) if here else registry.targets
    kinds = ("targets", "workloads", "entries") if what == "all" else (what,)
    found: dict[str, list[dict[str, Any]]] = {
        "targets": [_target(t, registry) for t in targets.values()],
        "workloads": [_workload(w, registry) for w in registry.workloads.values()],
        "entries": [_entry(e) for e in registry.entries.values() if e.target in targets],
        "precisions": [_precisions(t) for t in targets.values() if t.devices == 1],
    }
    kept = {kind: [row for row in found[kind] if _fits(_name(row), pattern)] for kind in kinds}
    if pattern and not any(kept.values()):
        names = [_name(row) for kind in kinds for row in found[kind]]
        mend = suggest(pattern.strip("*?"), names)
        raise UsageError(Problem("--filter", "a text that some name contains", pattern, mend))
    if as_json:
        from runtime.cli.output import print_json

        print_json(kept)
    else:
        _show(kept, what, len(found["entries"]))


def _show(kept: dict[str, list[dict[str, Any]]], what: str, entries: int) -> None:
    """Print tables; without an argument the entries are only counted."""
    from runtime.cli.output import console, show_rows

    out = console()
    heads: dict[str, tuple[str, ...]] = {
        "targets": ("target", "name", "devices", "memory", "entries"),
        "workloads": ("workload", "task", "metric", "entries"),
        "entries": ("entry", "batch", "lanes", "rate or latency"),
        "precisions": ("target", "capability", *map(str, Precision)),
    }
    for kind, rows in kept.items():
        if what == "all" and kind == "entries":
            continue
        cells = [[str(row[name.split()[0]]) for name in heads[kind]] for row in rows]
        show_rows(out, heads[kind], cells, right=_NUMBERS)
    if what == "all":
        out.print(f"{entries} entries; `harness list entries --filter TEXT` prints them.")
    out.print("Try: harness run --target cpu --workload digits --scenario offline --quick")


def _target(target: Target, registry: Registry) -> dict[str, Any]:
    """Return what a list says about a target."""
    memory = target.memory_gb
    count = sum(1 for e in registry.entries.values() if e.target == target.name)
    return {
        "target": target.name,
        "name": target.title,
        "family": str(target.family),
        "devices": target.devices,
        "memory": f"{memory.value:g} GB" if memory else "-",
        "memory_gb": memory.value if memory else None,
        "mig": target.mig.profile if target.mig else "",
        "entries": count,
    }


def _precisions(target: Target) -> dict[str, Any]:
    """Return which number formats a target computes in; one device stands for several."""
    from runtime.policies.precision import supported

    capability = target.compute_capability.value if target.compute_capability else None
    found = {str(p): "yes" if supported(p, capability) else "-" for p in Precision}
    return {"target": target.name, "capability": capability or "-", **found}


def _workload(workload: Workload, registry: Registry) -> dict[str, Any]:
    """Return what a list says about a workload."""
    count = sum(1 for e in registry.entries.values() if e.workload == workload.name)
    return {
        "workload": workload.name,
        "name": workload.title,
        "task": workload.task,
        "metric": workload.metric,
        "reference_accuracy": workload.reference_accuracy,
        "entries": count,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """Return what a list says about an entry."""
    from runtime.cli.output import number
    from runtime.configs.fieldspec import unit_of
    from runtime.plan import values_of

    values = values_of(entry.settings)
    name = "target_qps" if "target_qps" in values else "expected_latency_ms"
    return {
        "entry": entry.key,
        "target": entry.target,
        "workload": entry.workload,
        "scenario": str(entry.scenario),
        "accuracy": str(entry.accuracy),
        "power": str(entry.power),
        "harness": str(entry.harness),
        "batch": entry.settings.batch_size,
        "lanes": entry.settings.lanes,
        "rate": f"{number(values[name])} {unit_of(type(entry.settings), name)}",
        "settings": values,
    }


def _name(row: dict[str, Any]) -> str:
    """Return the name that a filter looks at."""
    return str(row.get("entry") or row.get("target") or row["workload"])


def _fits(name: str, pattern: str) -> bool:
    """Tell whether a name contains a text or matches a pattern with wildcards."""
    if any(sign in pattern for sign in "*?["):
        return fnmatch(name, pattern)
    return pattern in name


def _here(registry: Registry) -> dict[str, Target]:
    """Return the targets whose devices this machine has."""
    from runtime.devices.discovery import availability, discover

    found = discover()
    known: Iterable[Target] = tuple(registry.targets.values())
    return {
        name: target
        for name, target in registry.targets.items()
        if availability(target, found, known).ok
    }
