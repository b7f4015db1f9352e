"""How a value came about, in words: its expression, what it overrides, and the reason."""

from __future__ import annotations

from collections import defaultdict

from docgen import formatting as fmt
from docgen.catalog import Entry, Step, Value
from docgen.views import links
from docgen.views.lookup import holding, variant
from docgen.views.text import code, inline


def stories(name: str, entries: list[Entry], unit: str) -> str:
    """Return how a value came about; once where the entries share it, else by variant."""
    told: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        told[_story(entry.values[name], unit)].append(variant(entry))
    if len(told) == 1:
        return next(iter(told))
    return "\n\n".join(f"*{' and '.join(names)}*\n\n{story}" for story, names in told.items())


def _story(value: Value, unit: str) -> str:
    """Return the expression, its place, what it overrides, and the reason."""
    step = holding(value.chain)
    owner = value.set_by.rpartition(".")[2] or "set"
    lines = [f"{code(value.expression)} by {links.src(value.source, owner)}"]
    earlier = value.chain[:-1]
    if earlier:
        lines += ["", "Overrides:", ""]
        lines += [
            f"- {code(s.expression)}"
            + ("" if _same(s) else f" = {_plain(s.resolved, unit)}")
            + f" by {links.src(s.source, s.set_by.rpartition('.')[2])}"
            for s in reversed(earlier)
        ]
    if step is not None and step.why:
        lines += ["", f"Why: {inline(step.why)}"]
    if step is not None and step.basis:
        lines += ["", f"Basis: {inline(step.basis)}"]
    return "\n".join(lines)


def _same(step: Step) -> bool:
    """Tell whether an expression reads like the value that it resolves to."""
    plain = step.expression.replace("_", "").strip("\"'")
    return plain in {str(step.resolved), f"{step.resolved}.0"}


def _plain(resolved: object, unit: str) -> str:
    """Return a value in words, safe in a line of text."""
    return inline(fmt.value(resolved, unit))
