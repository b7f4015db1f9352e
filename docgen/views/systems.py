"""Every system of a tree that others wrote, and what its harness kinds are used for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, Target
from docgen.views import links, profile
from docgen.views.lookup import HARNESS_TITLES, Lookup, none_cell
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import code, inline, slug


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the pages of systems and of harness kinds; a tree of one's own has neither."""
    del evidence, config
    lookup = Lookup(catalog)
    if not lookup.foreign:
        return
    used = [t for t in lookup.ordered() if lookup.entries_of(t.name)]
    idle = [t for t in lookup.ordered() if not lookup.entries_of(t.name)]
    yield Page(
        path="reference/systems.md",
        template="systems.md.j2",
        context={
            "total": len(catalog.targets),
            "used": _systems(used, lookup),
            "idle": _systems([t for t in idle if not _deprecated(t)], lookup),
            "deprecated": _systems([t for t in idle if _deprecated(t)], lookup),
        },
    )
    kinds = _by_harness(lookup)
    yield Page(
        path="reference/harnesses.md",
        template="harnesses.md.j2",
        context={
            "summary": _summary(kinds, lookup),
            "parts": [
                (harness_title(name), f"harness-{slug(name)}", _usage(found, lookup),
                 _only_fields(name, kinds, lookup), _notes(found, lookup))
                for name, found in kinds.items()
            ],
        },
    )  # fmt: skip


def _deprecated(target: Target) -> bool:
    """Tell whether the tree refuses to run on a system."""
    return "deprecated" in target.facts


def _systems(targets: Sequence[Target], lookup: Lookup) -> Table:
    """Return systems, one row each: what the tree says, and how many configurations it has."""
    names = [n for n in ("memory", "power_limit", "power_w") if any(n in t.facts for t in targets)]
    heads, cells = profile.fact_columns(targets, names)
    rows = []
    for target, shown in zip(targets, cells, strict=True):
        count, refused = len(lookup.entries_of(target.name)), len(lookup.rejected_of(target.name))
        said = str(count) if count else "none"
        said += f" ({refused} rejected)" if refused else ""
        mark = f"{links.target(target.name, target.title)}"
        mark += " (deprecated)" if _deprecated(target) else ""
        mark += f" (slice {inline(target.mig.profile)})" if target.mig else ""
        rows.append(
            (mark, target.family, _gpus(target), *shown, said, links.short_src(target.source))
        )
    headers = ("System", "Family", "Accelerators", *heads, "Configurations", "Defined in")
    numeric = tuple(range(3, 4 + len(names)))
    return Table(headers=headers, rows=tuple(rows), numeric=numeric, name="bench-wide", stub=1)


def _gpus(target: Target) -> str:
    """Return how many accelerators of which name a system has."""
    fact = target.facts.get("accelerators")
    items = fact.value if fact is not None and isinstance(fact.value, list) else []
    parts = [
        f"{item['count']}{fmt.THIN}\u00d7 {inline(str(item['name']).rpartition('.')[2])}"
        for item in items
        if isinstance(item, dict) and {"name", "count"} <= set(item)
    ]
    return ", ".join(parts) or f"{target.devices}{fmt.THIN}\u00d7"


def harness_title(name: str) -> str:
    """Return the name of a harness kind for readers: the member's where it says enough."""
    return inline(HARNESS_TITLES.get(name, name) or "not stated")


def _by_harness(lookup: Lookup) -> dict[str, list[Entry]]:
    """Return the entries that would be accepted by harness kind, the most used first."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in lookup.entries.values():
        found[entry.setting.harness].append(entry)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _summary(kinds: dict[str, list[Entry]], lookup: Lookup) -> Table:
    """Return the harness kinds with how much each is used."""
    places = {w.name: w.source for w in lookup.catalog.words if w.enum == "HarnessType"}
    rows = [
        (
            links.ref(f"harness-{slug(name)}", harness_title(name)),
            str(len(found)),
            str(len({e.target for e in found})),
            str(len({e.workload for e in found})),
            links.short_src(places[name]) if name in places else none_cell(),
        )
        for name, found in kinds.items()
    ]
    rows += [
        (harness_title(name), "none", "0", "0", links.short_src(place))
        for name, place in places.items()
        if name not in kinds
    ]
    headers = ("Harness kind", "Configurations", "Systems", "Benchmarks", "Defined in")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2, 3))


def _usage(entries: list[Entry], lookup: Lookup) -> Table:
    """Return which systems use a harness kind for which benchmarks."""
    rows = []
    mine: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        mine[entry.target].append(entry)
    for target in lookup.ordered():
        if target.name in mine:
            count = Counter(e.workload for e in mine[target.name])
            pages_ = [
                links.doc(links.settings_page(target.name, w), lookup.title(w)) + f" ({n})"
                for w, n in count.items()
            ]
            rows.append((links.target(target.name, target.title), ", ".join(pages_)))
    headers = ("System", "Benchmarks (configurations)")
    return Table(headers=headers, rows=tuple(rows))


def _only_fields(name: str, kinds: dict[str, list[Entry]], lookup: Lookup) -> list[str]:
    """Return the fields that configurations of this harness kind set and no other kind's do."""
    others = {f for kind, found in kinds.items() if kind != name for e in found for f in e.values}
    count = Counter(f for e in kinds[name] for f in e.values if f not in others)
    found = []
    for field, number in sorted(count.items(), key=lambda item: (-item[1], item[0])):
        spec = lookup.spec(field, "")
        shown = links.field(spec) if spec is not None else code(field)
        found.append(f"{shown} ({number})")
    return found


def _notes(entries: list[Entry], lookup: Lookup) -> str:
    """Return how many of the configurations are for MIG slices, where some are."""
    slices = {t.name for t in lookup.catalog.targets if t.mig is not None}
    count = sum(e.target in slices for e in entries)
    return f"{count} of {fmt.count(len(entries), 'configuration')} run on MIG slices." * bool(count)
