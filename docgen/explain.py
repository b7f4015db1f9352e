"""Why a setting has its value: the whole chain, the reasons, and who else differs."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from docgen import formatting
from docgen.catalog import Catalog, Entry, FieldSpec, Json, Value
from docgen.digests import key_of
from docgen.errors import Problem, UsageError

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_OTHERS = 8
"""Entries with another value that are listed in the terminal; JSON has all."""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the same workload and scenario with another value."""

    key: str
    """Its key."""
    resolved: Json
    """Its value."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of one entry."""

    key: str
    """Key of the entry."""
    field: str
    """Name of the setting."""
    value: Value
    """The value with its chain."""
    spec: FieldSpec | None
    """Declaration of the field; None where the Catalog has none."""
    others: tuple[Other, ...]
    """Entries of the same workload and scenario that differ, in the Catalog's order."""

    @property
    def unit(self) -> str:
        """Return the unit; empty without one."""
        return self.spec.unit if self.spec is not None else ""


def explain(catalog: Catalog, key: str, field: str) -> Explanation:
    """Return the explanation of one setting.

    Raises:
        UsageError: When the key or the field does not exist; with a suggestion.
    """
    entry = find_entry(catalog, key)
    if field not in entry.values:
        known = list(entry.values)
        do = suggest(field, known)
        raise UsageError(Problem("FIELD", f"a field of {key}", repr(field), do))
    return _explain(catalog, entry, field)


def explain_all(catalog: Catalog, key: str) -> tuple[Explanation, ...]:
    """Return the explanations of every setting of an entry, in order of declaration.

    Raises:
        UsageError: When the key does not exist; with a suggestion.
    """
    entry = find_entry(catalog, key)
    return tuple(_explain(catalog, entry, field) for field in entry.values)


def find_entry(catalog: Catalog, key: str) -> Entry:
    """Return the entry of a key, or of a key as `docgen export --digests` prints it.

    Raises:
        UsageError: There is none; with a suggestion.
    """
    for entry in catalog.entries:
        if entry.key == key:
            return entry
    for entry in catalog.entries:
        if entry.digest and key_of(entry) == key:
            return entry
    known = [entry.key for entry in catalog.entries]
    below = [k for k in known if k.startswith(key.rstrip("/") + "/")]
    do = f"add one of its entries: {', '.join(below)}" if below else suggest(key, known)
    raise UsageError(Problem("KEY", "the key of an entry", repr(key), do))


def suggest(word: str, known: list[str]) -> str:
    """Return the mend for an unknown word."""
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    if not known:
        return "there is none in this tree"
    shown = ", ".join(known[:SHOWN_OTHERS])
    return f"use one of: {shown}" + (", ..." if len(known) > SHOWN_OTHERS else "")


def _explain(catalog: Catalog, entry: Entry, field: str) -> Explanation:
    """Return the explanation of a field that the entry has."""
    value = entry.values[field]
    others = tuple(
        Other(key=e.key, resolved=e.values[field].resolved)
        for e in catalog.entries
        if e.key != entry.key
        and (e.workload, e.scenario) == (entry.workload, entry.scenario)
        and field in e.values
        and e.values[field].resolved != value.resolved
    )
    return Explanation(
        key=entry.key, field=field, value=value, spec=spec_of(catalog, entry, field), others=others
    )


def spec_of(catalog: Catalog, entry: Entry, field: str) -> FieldSpec | None:
    """Return the declaration of an entry's field: that of its scenario, or the common one."""
    common = None
    for spec in catalog.fields:
        if spec.name == field:
            if entry.scenario in spec.scenarios:
                return spec
            if not spec.scenarios:
                common = spec
    return common


def to_json(explanations: tuple[Explanation, ...]) -> bytes:
    """Return explanations as JSON: an object for one, a list for several."""
    value: Any = explanations[0] if len(explanations) == 1 else explanations
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def print_one(explanation: Explanation, console: Console) -> None:
    """Print the chain of one setting, from the default to the value that holds."""
    from rich.padding import Padding
    from rich.text import Text

    value, unit = explanation.value, explanation.unit
    head = Text()
    head.append(explanation.field, style="bold")
    head.append(" of ")
    head.append(explanation.key, style="bold")
    head.append(" = ")
    head.append(shown(value.resolved, unit), style="bold green")
    console.print(head)
    if explanation.spec is not None and explanation.spec.doc:
        console.print(Text(" ".join(explanation.spec.doc.split())))
    console.print()
    for number, step in enumerate(value.chain, 1):
        holds = number == len(value.chain)
        line = Text(f"{number}. ")
        line.append(shown(step.resolved, unit), style="bold green" if holds else "")
        if step.expression != str(step.resolved):
            line.append(f"   {step.expression}", style="cyan")
        line.append("   holds" if holds else "   overridden", style="bold" if holds else "dim")
        console.print(line)
        place = f"{step.source.path}:{step.source.line}:{step.source.column}"
        console.print(Text(f"   set by {step.set_by}", style="dim"), soft_wrap=True)
        console.print(Text(f"   at {place}", style="dim"), soft_wrap=True)
        for label, text in (("why", step.why), ("source", step.basis)):
            if text:
                console.print(Padding(Text(f"{label}: {text}"), (0, 0, 0, 3), expand=False))
    _print_others(explanation, console)


def _print_others(explanation: Explanation, console: Console) -> None:
    """Print the entries of the same workload and scenario with other values."""
    from rich.text import Text

    if not explanation.others:
        return
    console.print()
    console.print(Text("other values in the same workload and scenario:"))
    for other in explanation.others[:SHOWN_OTHERS]:
        console.print(Text(f"   {other.key} = {shown(other.resolved, explanation.unit)}"))
    more = len(explanation.others) - SHOWN_OTHERS
    if more > 0:
        console.print(Text(f"   and {more} more; --json lists all", style="dim"))


def print_table(explanations: tuple[Explanation, ...], console: Console) -> None:
    """Print every setting of an entry as a table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = explanations[0].key if explanations else ""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("field", "value", "set by", "where"):
        table.add_column(name, justify="right" if name == "value" else "left", overflow="fold")
    for item in explanations:
        default = item.value.kind == "default"
        by = "default" if default else item.value.set_by.rpartition(".")[2]
        place = f"{item.value.source.path}:{item.value.source.line}"
        row = (item.field, shown(item.value.resolved, item.unit), by, place)
        table.add_row(*(Text(cell) for cell in row), style="dim" if default else "")
    console.print(table)


def shown(resolved: Json, unit: str) -> str:
    """Return a value with its unit, as a reader writes it; plain spaces for terminals."""
    return formatting.value(resolved, unit).replace(formatting.THIN, " ")
