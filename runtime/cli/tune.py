"""`harness tune`: the best values of an entry, found by real runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runtime.cli import options
from runtime.cli.group import main

if TYPE_CHECKING:
    from runtime.plan import RunPlan


@main.command("tune")
@options.target()
@options.workload("What to run.")
@options.scenario("What to tune for: throughput, rate under the latency bound, or latency.")
@options.search("Length of a trial's timed part.")
@click.option(
    "--full/--quick",
    "full",
    default=False,
    help="Confirm with runs of the entry's own durations, or with trials (the default). "
    "Candidates are always tried with trials.",
)
@options.overrides("Keep a field at a value: it is not searched. Can be repeated.")
@options.variant
@options.model_file()
@options.data_folder
@options.search_folder
@options.as_json()
@click.pass_context
def tune_entry(ctx: click.Context, /, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Find the best values of an entry by real LoadGen runs, and write the entry to paste.

    Server: the highest rate whose latency stays under the bound, and the batch size, lanes
    and queue delay that reach it. Offline: the highest throughput. The stream scenarios:
    the lowest latency. Every trial is a run in a process of its own, and is kept in a
    journal: a call that is stopped goes on where it ended.

    A rate counts as held after several VALID runs in a row. Exit code 6 when nothing was
    confirmed. Figures are not verified by MLCommons Association.

    \b
    Examples:
      harness tune --target cpu --workload digits --scenario server
      harness tune --target cpu --workload digits --scenario offline --budget 2
      harness tune --target cpu --workload digits --scenario server --dry-run
      harness tune --target cpu --workload digits --scenario server --set lanes=1
      harness tune --target cpu --workload digits --scenario server --full --confirm 2
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tunerun import Asked, prepare, run_search, show_forecast
    from runtime.configs.registry import load

    registry = load()
    variant = {name: given.pop(name) for name in ("accuracy", "power", "harness")}
    plan = _plan(registry, given, variant)
    asked = Asked(plan=plan, fixed=_fixed(given.pop("overrides")), **_kept(given))
    if dry_run:
        show_forecast(registry, asked, as_json=as_json)
        return
    with prepare(registry, asked) as search:
        ctx.exit(run_search(search, as_json=as_json))


def _plan(registry: Any, given: dict[str, Any], variant: dict[str, Any]) -> RunPlan:
    """Return the plan of the entry that the command line names."""
    from runtime.plan import resolve

    names = ("target", "workload", "scenario", "overrides", "model", "data")
    return resolve(registry, **{name: given[name] for name in names}, **variant)


def _fixed(overrides: tuple[str, ...]) -> frozenset[str]:
    """Return the fields that `--set` named."""
    return frozenset(text.partition("=")[0].strip() for text in overrides)


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the search itself."""
    names = ("budget", "trial_s", "confirmations", "tolerance", "full", "out", "fresh")
    return {name: given[name] for name in names}
