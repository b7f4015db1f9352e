"""Two Catalogs held against each other; neither source is read again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from docgen.catalog import Catalog, Entry, FieldSpec, Json, Source, Target, Value
from docgen.changes import identity
from docgen.changes.model import (
    Change,
    Changed,
    Changes,
    Configuration,
    Declared,
    FactChange,
    Gpu,
    Place,
    Renamed,
    Side,
    System,
    Unread,
)

_ALIKE = 0.6
"""How alike two names must be, from 0 to 1, for one to have become the other."""

_Flat = dict[str, tuple[Json, Value]]


@dataclass(frozen=True)
class _Pair:
    """A configuration that both trees have."""

    place: Place
    old: Entry
    new: Entry
    before: _Flat
    after: _Flat


def compare(
    old: Catalog, new: Catalog, *, target: str = "", names: tuple[str, str] = ("", "")
) -> Changes:
    """Return what differs between two trees.

    Args:
        old: The older one.
        new: The newer one.
        target: GPU or system to look at alone; empty for all.
        names: What the two are called; their roots where empty.
    """
    couples = [c for c in _couples(old, new) if not target or _is_meant(c, target)]
    pairs = {i: list(_pairs(old, new, *couple)) for i, couple in enumerate(couples)}
    renamed = _renamed(old, new, [pair for found in pairs.values() for pair in found])
    others = {r.old: r.new for r in renamed}
    gpus: dict[str, list[System]] = defaultdict(list)
    same = 0
    for number, (before, after) in enumerate(couples):
        system = _system(old, new, (before, after), pairs[number], others)
        same += len(system.both) - len(system.changed)
        if not system.is_same and _has_configurations(old, new, before, after):
            gpus[identity.gpu_of(after or before or _none())].append(system)
    return Changes(
        old=names[0] or old.root,
        new=names[1] or new.root,
        old_dialect=old.dialect,
        new_dialect=new.dialect,
        gpus=tuple(Gpu(name=n, systems=_ordered(gpus[n])) for n in sorted(gpus)),
        same=same,
        renamed=renamed,
        fields_added=() if target else _only(new, old, {r.new for r in renamed}),
        fields_removed=() if target else _only(old, new, {r.old for r in renamed}),
        unread=tuple(_unread(((old, names[0]), (new, names[1])))),
    )


def _unread(trees: Iterable[tuple[Catalog, str]]) -> Iterator[Unread]:
    """Yield what of each tree could not be read: an entry that is missing may be there."""
    for catalog, name in trees:
        places = sorted(
            {(d.source.path, d.source.line) for d in catalog.diagnostics if d.severity == "error"}
        )
        if places:
            path, line = places[0]
            first = Source(path=path, line=line)
            yield Unread(tree=name or catalog.root, places=len(places), first=first)


def _none() -> Target:
    """Say that a couple has a side; it always has."""
    raise AssertionError


_Couple = tuple[Target | None, Target | None]


def _is_meant(couple: _Couple, wanted: str) -> bool:
    """Tell whether a system is asked for: by its name or that of its GPU."""
    return any(
        identity.is_named(t.name, wanted) or identity.is_named(identity.gpu_of(t), wanted)
        for t in couple
        if t is not None
    )


def _has_configurations(
    old: Catalog, new: Catalog, before: Target | None, after: Target | None
) -> bool:
    """Tell whether a system has a configuration in either tree, or is known to both."""
    mine = bool(before and old.entries_of(before.name)), bool(after and new.entries_of(after.name))
    return any(mine) or (before is not None and after is not None)


def _ordered(systems: list[System]) -> tuple[System, ...]:
    """Return systems of both trees first, then those that appeared, then those that went."""
    order = ("kept", "renamed", "appeared", "went")
    return tuple(sorted(systems, key=lambda s: (order.index(s.state), s.new or s.old)))


def _couples(old: Catalog, new: Catalog) -> Iterator[_Couple]:
    """Yield every system once: those of both trees together, each other one alone.

    Names that differ in separators and case are one name. What is left over is coupled
    where the words from the board on are equal, the ones with most configurations in
    common first.
    """
    before = {identity.plain(t.name): t for t in old.targets}
    after = {identity.plain(t.name): t for t in new.targets}
    for name, target in after.items():
        if name in before:
            yield before[name], target
    gone = [t for n, t in before.items() if n not in after]
    come = [t for n, t in after.items() if n not in before]
    found = _renamed_systems(old, new, gone, come)
    yield from found
    taken = {id(t) for couple in found for t in couple}
    yield from ((None, t) for t in come if id(t) not in taken)
    yield from ((t, None) for t in gone if id(t) not in taken)


def _renamed_systems(
    old: Catalog, new: Catalog, gone: list[Target], come: list[Target]
) -> list[tuple[Target, Target]]:
    """Return systems that have another name for the same boards, each at most once."""
    mine = {t.name: set(identity.places(old, old.entries_of(t.name))) for t in gone}
    its = {t.name: set(identity.places(new, new.entries_of(t.name))) for t in come}
    likely = [
        (len(mine[a.name] & its[b.name]), a, b)
        for a in gone
        for b in come
        if identity.board_words(a) == identity.board_words(b) and (mine[a.name] or its[b.name])
    ]
    found: list[tuple[Target, Target]] = []
    taken: set[int] = set()
    for _, a, b in sorted(likely, key=lambda c: (-c[0], c[1].name, c[2].name)):
        if not {id(a), id(b)} & taken:
            taken |= {id(a), id(b)}
            found.append((a, b))
    return found


def _pairs(
    old: Catalog, new: Catalog, before: Target | None, after: Target | None
) -> Iterator[_Pair]:
    """Yield the configurations that both trees have for a system."""
    if before is None or after is None:
        return
    mine = identity.places(old, old.entries_of(before.name))
    its = identity.places(new, new.entries_of(after.name))
    for place, entry in its.items():
        if place in mine:
            yield _Pair(place, mine[place], entry, _flat(mine[place], place), _flat(entry, place))


def _flat(entry: Entry, place: Place) -> _Flat:
    """Return the values of an entry by flat name."""
    return {n: (r, v) for n, r, v in identity.flat(entry, place.workload)}


def _system(
    old: Catalog, new: Catalog, couple: _Couple, pairs: list[_Pair], others: dict[str, str]
) -> System:
    """Return everything that differs in one system."""
    before, after = couple
    mine = identity.places(old, old.entries_of(before.name)) if before else {}
    its = identity.places(new, new.entries_of(after.name)) if after else {}
    return System(
        old=before.name if before else "",
        new=after.name if after else "",
        facts=tuple(_facts(before, after)) if before and after else (),
        added=tuple(sorted(_alone(new, its, set(mine)), key=lambda c: c.place)),
        removed=tuple(sorted(_alone(old, mine, set(its)), key=lambda c: c.place)),
        both=tuple(
            Changed(
                place=identity.shown(p.place, new, p.new),
                old_key=p.old.key,
                new_key=p.new.key,
                changes=tuple(_changes(p, others)),
            )
            for p in pairs
        ),
    )


def _alone(
    catalog: Catalog, mine: dict[Place, Entry], theirs: set[Place]
) -> Iterator[Configuration]:
    """Yield the configurations that the other tree does not have."""
    for place, entry in mine.items():
        if place not in theirs:
            yield Configuration(
                place=identity.shown(place, catalog, entry), key=entry.key, source=entry.source
            )


def _facts(before: Target, after: Target) -> Iterator[FactChange]:
    """Yield the facts of a system that both trees state differently."""
    if before.devices != after.devices:
        yield FactChange(name="devices", old=before.devices, new=after.devices)
    for name in dict.fromkeys((*before.facts, *after.facts)):
        if name in before.facts and name in after.facts:
            one, other = before.facts[name], after.facts[name]
            if one.value != other.value and f"{one.value} {one.unit}" != str(other.value):
                yield FactChange(name=name, old=one.value, new=other.value)


def _changes(pair: _Pair, others: dict[str, str]) -> Iterator[Change]:
    """Yield the values that differ in one configuration, under their new names."""
    before = {}
    for name, found in pair.before.items():
        new = others.get(name, name)
        before[new if new in pair.after or new not in pair.before else name] = found
    for name in dict.fromkeys((*before, *pair.after)):
        one, other = before.get(name), pair.after.get(name)
        if one is not None and other is not None and one[0] == other[0]:
            continue
        yield Change(field=name, old=_side(one, name), new=_side(other, name))


def _side(found: tuple[Json, Value] | None, name: str) -> Side | None:
    """Return a value as one of the trees has it."""
    if found is None:
        return None
    resolved, value = found
    part = "." in name
    return Side(
        resolved=resolved,
        expression=repr(resolved) if part else " ".join(value.expression.split()),
        source=value.source,
        set_by=value.set_by,
    )


def _renamed(old: Catalog, new: Catalog, pairs: list[_Pair]) -> tuple[Renamed, ...]:
    """Return the fields that took another's place in configurations of both trees.

    A field of the old tree that the new one never sets, and one of the new tree that the
    old one never sets, are one field where the last part of their names is equal, or
    where the names are alike and all values that stand in for each other are equal.
    """
    gone = {n for p in pairs for n in p.before} - _used(new)
    come = {n for p in pairs for n in p.after} - _used(old)
    together: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        for one in gone & set(pair.before):
            for other in come & set(pair.after):
                together[one, other] += 1
                equal[one, other] += pair.before[one][0] == pair.after[other][0]
    likely = [
        (leaf, equal[key], key)
        for key, number in together.items()
        if (leaf := _leaf(key[0]) == _leaf(key[1])) or (equal[key] == number and _are_alike(*key))
    ]
    found: dict[str, Renamed] = {}
    for _, _, (one, other) in sorted(likely, key=lambda k: (not k[0], -k[1], k[2])):
        if one not in found and other not in {r.new for r in found.values()}:
            number = together[one, other]
            found[one] = Renamed(old=one, new=other, configurations=number, equal=equal[one, other])
    return (*found.values(), *_renamed_declarations(old, new, found))


def _used(catalog: Catalog) -> set[str]:
    """Return the names of every value that a tree sets."""
    names = identity.workload_names(catalog)
    return {
        name
        for entry in catalog.entries
        for name, _, _ in identity.flat(
            entry, identity.plain(names.get(entry.workload, entry.workload))
        )
    }


def _leaf(name: str) -> str:
    """Return the last part of a name."""
    return name.rpartition(".")[2]


def _are_alike(one: str, other: str) -> bool:
    """Tell whether one name may have become the other."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _renamed_declarations(
    old: Catalog, new: Catalog, found: dict[str, Renamed]
) -> Iterator[Renamed]:
    """Yield declared fields that no configuration sets, with type and words of a new one."""
    before, after = _specs(old), _specs(new)
    taken = {r.new for r in found.values()}
    for name, spec in before.items():
        if name in after or name in found or len(spec.doc) < 20:  # noqa: PLR2004 - says nothing
            continue
        likely = [
            s.name
            for s in after.values()
            if s.name not in before
            and s.name not in taken
            and s.type == spec.type
            and s.doc.split() == spec.doc.split()
        ]
        if len(likely) == 1:
            yield Renamed(old=name, new=likely[0], configurations=0, equal=0)


def _specs(catalog: Catalog) -> dict[str, FieldSpec]:
    """Return the declared fields by name."""
    return {spec.name: spec for spec in catalog.fields}


def _only(mine: Catalog, other: Catalog, renamed: Iterable[str]) -> tuple[Declared, ...]:
    """Return the fields that one tree declares and the other does not."""
    names = {spec.name for spec in other.fields} | set(renamed)
    return tuple(
        Declared(name=name, source=spec.source)
        for name, spec in sorted(_specs(mine).items())
        if name not in names
    )
