"""Catalogs of trees that others wrote, made fit for pages: no name can leave or break its place.

Names of systems, benchmarks, scenarios and fields become parts of paths, anchors and
links. In a tree of one's own they are plain; in a tree of others they may be anything
that a file system or a string literal holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from docgen.catalog import (
    Catalog,
    Command,
    Diagnostic,
    Entry,
    FieldSpec,
    Setting,
    Source,
    Target,
    Value,
    Workload,
)

OURS = "ours"
"""Dialect whose names its own checks keep plain."""

LONGEST = 80
"""Characters of a name that is part of a path."""

PLAIN_SHARES = frozenset({"", "99"})
"""Accuracy, in percent of the reference, that needs no mention."""

PLAIN_POWERS = frozenset({"", "maxp"})
"""Power settings, in small letters, that need no mention."""

PLAIN_HARNESSES = frozenset({"", "direct", "custom", "lwis"})
"""Harness kinds, in small letters, that drive the engine without a server between."""

_RESERVED = frozenset({"index", "con", "nul", "aux", "prn"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._@+=-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class Names:
    """Plain names for odd ones: the same for the same, different for different."""

    def __init__(self) -> None:
        """Start without names."""
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()

    def add(self, names: Iterable[str]) -> None:
        """Give names to texts; those that are plain already keep theirs."""
        wanted = list(dict.fromkeys(names))
        for name in sorted(wanted, key=lambda n: (plain(n) != n, n)):
            if name not in self._given:
                self._given[name] = self._free(plain(name))

    def of(self, name: str) -> str:
        """Return the plain name of a text."""
        if name not in self._given:
            self.add([name])
        return self._given[name]

    def _free(self, name: str) -> str:
        """Return a name that nothing has; file systems may not tell cases apart."""
        free, count = name, 1
        while free.lower() in self._taken:
            count += 1
            free = f"{name}-{count}"
        self._taken.add(free.lower())
        return free


def plain(name: str) -> str:
    """Return a name with nothing in it but letters, digits and `._@+=-`."""
    found = _UNSAFE.sub("_", name).lstrip(".-")[:LONGEST].rstrip(".") or "_"
    return f"{found}_" if found.lower() in _RESERVED else found


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def make_plain(catalog: Catalog) -> Catalog:
    """Return a Catalog whose names are plain; titles keep the names as the tree has them.

    Entries that the tree itself would refuse become diagnostics too; guides name them
    with the reason and do not offer them.
    """
    if catalog.dialect == OURS:
        return catalog
    targets, workloads, scenarios, fields = Names(), Names(), Names(), Names()
    targets.add(t.name for t in catalog.targets)
    workloads.add(w.name for w in catalog.workloads)
    scenarios.add(e.scenario for e in catalog.entries)
    fields.add(f.name for f in catalog.fields)
    named = (targets, workloads, scenarios, fields)
    return msgspec.structs.replace(
        catalog,
        root=one_line(catalog.root),
        targets=tuple(_target(t, targets) for t in catalog.targets),
        workloads=tuple(_workload(w, workloads) for w in catalog.workloads),
        fields=tuple(_field(f, fields) for f in catalog.fields),
        entries=_keyed([_entry(e, *named) for e in catalog.entries]),
        diagnostics=(*catalog.diagnostics, *_rejections(catalog)),
        commands=tuple(_command(c) for c in catalog.commands),
        words=tuple(
            msgspec.structs.replace(w, enum=plain(w.enum), name=plain(w.name))
            for w in catalog.words
        ),
    )


def _target(target: Target, names: Names) -> Target:
    """Return a system under its plain name."""
    return msgspec.structs.replace(
        target,
        name=names.of(target.name),
        title=_title(target.title),
        family=plain(target.family).replace("_", " ").strip() or "Other",
        sibling=names.of(target.sibling) if target.sibling else "",
    )


def _title(name: str) -> str:
    """Return a name as a heading; its plain form where it could be taken for markup."""
    text = one_line(name)
    return text if re.fullmatch(r"\w[\w .,+()/@=-]*", text) else plain(name)


def _workload(workload: Workload, names: Names) -> Workload:
    """Return a benchmark under its plain name."""
    return msgspec.structs.replace(
        workload, name=names.of(workload.name), title=_title(workload.title)
    )


def _field(spec: FieldSpec, names: Names) -> FieldSpec:
    """Return a field under its plain name."""
    return msgspec.structs.replace(
        spec, name=names.of(spec.name), owner=plain(spec.owner), group=one_line(spec.group)
    )


def _command(command: Command) -> Command:
    """Return a command whose options have plain names; they stand in directives."""
    flags = tuple(
        msgspec.structs.replace(flag, names=tuple(map(_option, flag.names)))
        for flag in command.flags
    )
    return msgspec.structs.replace(command, name=one_line(command.name), flags=flags)


def _option(name: str) -> str:
    """Return the plain name of an option, with its dashes."""
    rest = name.lstrip("-")
    return "-" * min(len(name) - len(rest), len("--")) + plain(rest)


def _rejections(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield a warning for every entry that the tree itself would refuse."""
    for entry in catalog.entries:
        if entry.rejected:
            message = f"{entry.key} is no valid configuration: {entry.rejected}"
            yield Diagnostic(
                code="rejected",
                severity="warning",
                message=one_line(message),
                source=entry.source,
            )


def _entry(
    entry: Entry, targets: Names, workloads: Names, scenarios: Names, fields: Names
) -> Entry:
    """Return an entry under plain names; `_keyed` gives it its key."""
    setting = msgspec.structs.replace(
        entry.setting,
        accuracy=plain(entry.setting.accuracy),
        power=plain(entry.setting.power),
        harness=plain(entry.setting.harness),
    )
    return msgspec.structs.replace(
        entry,
        target=targets.of(entry.target),
        workload=workloads.of(entry.workload),
        scenario=scenarios.of(entry.scenario),
        setting=setting,
        values={fields.of(name): _value(value) for name, value in entry.values.items()},
        set_by=one_line(entry.set_by),
        rejected=one_line(entry.rejected),
    )


def _keyed(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return entries with a key each that no other has, whatever the case of its letters.

    A key is `target/workload/scenario`, then `@` and each part of the setting that is not
    the plain one. Two plain harnesses are told apart by name, and what is still equal by
    a number.

    Why: keys become anchors and file names of their own, which ignore case.
    """
    taken: set[str] = set()
    keys: dict[int, str] = {}
    for place, entry in sorted(enumerate(entries), key=lambda p: (bool(p[1].rejected), p[0])):
        start = f"{entry.target}/{entry.workload}/{entry.scenario}"
        short = start + "".join(f"@{part}" for part in special_parts(entry.setting))
        long = f"{short}@{entry.setting.harness}"
        free, count = short, 1
        while _anchor(free) in taken:
            free = long if count == 1 and entry.setting.harness else f"{short}@{count}"
            count += 1
        taken.add(_anchor(free))
        keys[place] = free
    return tuple(msgspec.structs.replace(e, key=keys[i]) for i, e in enumerate(entries))


def _anchor(key: str) -> str:
    """Return what is left of a key in an anchor."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower())


def special_parts(setting: Setting) -> list[str]:
    """Return the parts of a setting that a plain configuration does not have."""
    parts = []
    if accuracy_share(setting.accuracy) not in PLAIN_SHARES:
        parts.append(setting.accuracy)
    if setting.power.lower() not in PLAIN_POWERS:
        parts.append(setting.power)
    if setting.harness.lower() not in PLAIN_HARNESSES:
        parts.append(setting.harness)
    return parts


def accuracy_share(accuracy: str) -> str:
    """Return the percent of the reference that an entry keeps: of `99.9`, `0.999`, `k_99_9`."""
    if re.fullmatch(r"0\.\d+", accuracy):
        return f"{float(accuracy) * 100:.6g}"
    return accuracy.removeprefix("k_").replace("_", ".")


def _value(value: Value) -> Value:
    """Return a value whose names of what set it are on one line."""
    steps = tuple(
        msgspec.structs.replace(step, set_by=one_line(step.set_by)) for step in value.chain
    )
    return msgspec.structs.replace(value, set_by=one_line(value.set_by), chain=steps)


def is_plain(source: Source) -> bool:
    """Tell whether a place can stand in a link."""
    return not re.search(r"[`<>\\\s{}]", source.path)
