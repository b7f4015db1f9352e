"""`harness run --dry-run`: everything decided, nothing opened."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.configs.registry import Registry
from runtime.configs.schema import Settings
from runtime.plan import RunPlan, estimate_s, values_of
from runtime.record import QUICK_NOTE
from runtime.vocabulary import HarnessKind

WIDE = 80
"""Columns from which on numbers are aligned to the right."""

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.devices.discovery import Availability


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """One run as it would be made."""

    plan: RunPlan
    """What would run."""
    configured: Settings
    """Values of the entry, before quick and `--set`."""
    set_fields: frozenset[str]
    """Fields that `--set` named."""
    estimate_s: float
    """Expected length of the timed part, in seconds."""
    user_conf: str
    """Text of LoadGen's user.conf."""
    out: Path
    """Folder that the run would write to."""
    device: Availability
    """Whether this machine has the target's devices."""

    def changed_by(self, field: str) -> str:
        """Return what set a field's value: `config`, `--quick` or `--set`."""
        if field in self.set_fields:
            return "--set"
        return "--quick" if field in self.plan.overrides else "config"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        plan = self.plan
        return {
            "kind": "calliope.plan",
            "schema": 1,
            "key": plan.key,
            "mode": str(plan.mode),
            "quick": plan.quick,
            "settings": values_of(plan.settings),
            "overrides": plan.overrides,
            "changed_by": {name: self.changed_by(name) for name in plan.overrides},
            "estimate_s": round(self.estimate_s, 3),
            "user_conf": self.user_conf,
            "out": str(self.out),
            "device": dataclasses.asdict(self.device),
            "notes": [*([QUICK_NOTE] if plan.quick else []), *plan.notes],
        }


def prepare(
    plans: Sequence[RunPlan], registry: Registry, folders: Sequence[Path], fields: frozenset[str]
) -> list[DryRun]:
    """Return the dry runs of some plans.

    Args:
        plans: The runs.
        registry: What the packages define.
        folders: Results folder of each run.
        fields: Fields that `--set` named.
    """
    from runtime.devices.discovery import availability, discover
    from runtime.loadgen.userconf import write_conf

    found, made = discover(), []
    known = tuple(registry.targets.values())
    for plan, folder in zip(plans, folders, strict=True):
        workload = registry.workload(plan.workload)
        held = workload.performance_samples
        made.append(
            DryRun(
                plan=plan,
                configured=registry.entry(plan.key).settings,
                set_fields=fields,
                estimate_s=estimate_s(plan, workload.accuracy_samples),
                user_conf=write_conf(plan.settings, workload.loadgen_name, plan.mode, held),
                out=folder,
                device=availability(registry.target(plan.target), found, known),
            )
        )
    return made


def show(runs: Sequence[DryRun]) -> None:
    """Print dry runs for people."""
    from runtime.cli.output import console, duration, show_pairs

    out = console()
    for run in runs:
        plan = run.plan
        out.print(f"\n[bold]{plan.key}[/]  ({plan.mode}, dry run: nothing was opened or measured)")
        if plan.quick:
            out.print(f"  {QUICK_NOTE}", style="yellow")
        for note in plan.notes:
            out.print(f"  {note}", style="yellow", markup=False)
        _show_settings(run, out)
        sign = "yes" if run.device.ok else "no"
        mend = f"; {run.device.mend}" if run.device.mend else ""
        about = f"about {duration(run.estimate_s)}, if the configured rate is right"
        lines = [
            ("timed part", about),
            ("writes to", str(run.out)),
            ("runs here", f"{sign}: {run.device.reason}{mend}"),
        ]
        show_pairs(out, lines)
        out.print("  user.conf for LoadGen:")
        for line in run.user_conf.splitlines():
            out.print(f"    {line}", markup=False, soft_wrap=True)
    total = sum(r.estimate_s for r in runs)
    if len(runs) > 1:
        out.print(f"\n{len(runs)} entries, about {duration(total)} of timed runs")


def _show_settings(run: DryRun, out: Console) -> None:
    """Print the effective values; what the command line changed says so, with the old value."""
    from runtime.cli.output import plain
    from runtime.configs.fieldspec import unit_of

    values, before = values_of(run.plan.settings), values_of(run.configured)
    kind = type(run.plan.settings)
    idle = _idle(run)
    values = {name: value for name, value in values.items() if name not in idle}
    left = max(len(name) for name in values)
    widest = max(len(plain(value)) for value in values.values())
    for name, value in values.items():
        by = run.changed_by(name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        text = f"{plain(value):>{widest if out.width >= WIDE and number else 0}}"
        line = f"  {name:<{left}}  {text} {unit_of(kind, name)}".rstrip()
        if by != "config":
            line += f"   <- {by}, config says {plain(before[name])}"
        out.print(line, style="default" if by == "config" else "bold", markup=False, soft_wrap=True)
    if idle:
        text = f"{len(idle)} fields for --harness triton alone: --json"
        out.print(f"  {'triton_*':<{left}}  {text}", style="dim", markup=False, soft_wrap=True)


def _idle(run: DryRun) -> frozenset[str]:
    """Return the fields that say nothing of this run: those of a server where there is none."""
    from runtime.configs.fieldspec import group_of

    if run.plan.harness is not HarnessKind.DIRECT:
        return frozenset()
    kind = type(run.plan.settings)
    own = (n for n in values_of(run.plan.settings) if group_of(kind, n) == "triton")
    return frozenset(name for name in own if run.changed_by(name) == "config")
