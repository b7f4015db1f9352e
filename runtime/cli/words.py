"""Option types that know the harness's words: completion, and mends for misspelt ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem


class Choice(click.Choice):  # type: ignore[type-arg]
    """A choice that completes and documents its words, and lets the plan judge them.

    Why: the plan reports every unknown word of a command line at once, each with
        its likely spelling; click would stop at the first.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word as typed."""
        del param, ctx
        return str(value)


def complete_target(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the targets that start with a text, with their titles."""
    del ctx, param
    found = _registry()
    return [
        CompletionItem(name, help=target.title)
        for name, target in (found.targets.items() if found else ())
        if name.startswith(incomplete)
    ]


def complete_workload(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the workloads that start with a text; those of the target where one is given."""
    del param
    found = _registry()
    if found is None:
        return []
    target = ctx.params.get("target")
    has = {e.workload for e in found.entries.values() if target in (None, e.target)}
    return [
        CompletionItem(name, help=workload.title)
        for name, workload in found.workloads.items()
        if name.startswith(incomplete) and (name in has or not has)
    ]


def complete_scenario(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the scenarios that the target and workload given have entries for."""
    del param
    from runtime.vocabulary import Scenario

    found = _registry()
    target, workload = ctx.params.get("target"), ctx.params.get("workload")
    has = {
        str(e.scenario)
        for e in (found.entries.values() if found else ())
        if target in (None, e.target) and workload in (None, e.workload)
    }
    return _items((str(s) for s in Scenario if str(s) in has or not has), incomplete)


def complete_field(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return `FIELD=` for the fields of the scenario given, or of every scenario."""
    del param
    from runtime.configs.fieldspec import field_types
    from runtime.plan import SETTINGS_CLASSES

    scenario = ctx.params.get("scenario")
    names: dict[str, None] = {}
    for key, cls in SETTINGS_CLASSES.items():
        if scenario in (None, str(key)):
            names |= dict.fromkeys(field_types(cls))
    return _items((f"{name}=" for name in names), incomplete)


def complete_round(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the rounds whose rules are known here."""
    del ctx, param
    from runtime.policies.rounds import ROUNDS

    return _items((r.name for r in ROUNDS), incomplete)


def _items(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Return the words that start with a text."""
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _registry() -> Any:
    """Return the registry, or None where the configuration is broken: completion stays quiet."""
    from runtime.configs.registry import load
    from runtime.errors import HarnessError

    try:
        return load()
    except HarnessError:
        return None
