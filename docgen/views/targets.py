"""The list of targets, grouped by family: what each is, and how much of it was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from docgen.catalog import Catalog, Target
from docgen.views import links, profile
from docgen.views.lookup import Lookup
from docgen.views.measure import best, measurements
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import slug

_COLUMNS = (
    *("memory_gb", "bandwidth_gb_s", "sms", "compute_capability", "power_w"),
    *("memory", "compute_sm", "power_limit"),
)
"""Facts that stand in the list."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Targets of one architecture."""

    name: str
    """Name of the family."""
    label: str
    """Label of its heading."""
    targets: tuple[Target, ...]
    """Its targets, variants behind their base."""
    table: Table
    """The same as a table."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the list of targets."""
    del config
    lookup = Lookup(catalog)
    families = [
        Family(
            name=name,
            label=f"family-{slug(name)}",
            targets=tuple(members),
            table=_table(members, lookup, evidence),
        )
        for name, members in lookup.families()
    ]
    yield Page(path="targets/index.md", template="targets.md.j2", context={"families": families})


def _table(members: list[Target], lookup: Lookup, evidence: Evidence) -> Table:
    """Return the targets of a family with their facts."""
    names = [n for n in _COLUMNS if any(n in t.facts for t in members)]
    heads, cells = profile.fact_columns(members, names)
    rows = tuple(
        (links.target(t.name, t.title), *shown, _measured(t, lookup, evidence))
        for t, shown in zip(members, cells, strict=True)
    )
    headers = ("Target", *heads, "Configurations" if lookup.foreign else "Measured")
    numeric = tuple(range(1, len(names) + 1))
    return Table(headers=headers, rows=rows, numeric=numeric, name="bench-wide")


def _measured(target: Target, lookup: Lookup, evidence: Evidence) -> str:
    """Return how many entries of a target carry a measurement."""
    entries = lookup.entries_of(target.name)
    if lookup.foreign:
        return str(len(entries)) if entries else "none"
    done = sum(best(measurements(evidence, e)) is not None for e in entries)
    return f"{done} of {len(entries)}" if done else f"never ({len(entries)} configured)"
