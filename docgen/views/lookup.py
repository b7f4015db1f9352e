"""Answers about one Catalog that several views need: order, names, fields, siblings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher

from docgen.catalog import Catalog, Entry, FieldSpec, Setting, Step, Target, Word, Workload
from docgen.foreign import OURS, PLAIN_HARNESSES, PLAIN_POWERS, PLAIN_SHARES, accuracy_share
from docgen.formatting import DASH
from docgen.views.text import slug

_SCENARIOS = ("offline", "server", "single-stream", "multi-stream", "interactive")
"""Order of the scenarios on every page; others follow by name."""

_FAMILIES = ("Blackwell", "Hopper", "Ada", "Ampere", "Jetson", "CPU")
"""Order of the families in the navigation; others follow by name."""

_GROUPS = ("batching", "concurrency", "load", "latency", "durations", "model", "device", "triton")
"""Order in which a reader tunes; other groups follow by name."""

_SCENARIO_TITLES = {
    "offline": "Offline",
    "server": "Server",
    "single-stream": "SingleStream",
    "multi-stream": "MultiStream",
    "interactive": "Interactive",
}
"""Scenario names as the field writes them."""

HARNESS_TITLES = {"TritonUnified": "Triton unified", "HeteroMIG": "heterogeneous MIG"}
"""Names of harness kinds that say more than the member does."""

_EXPECTED = (
    "target_qps",
    "expected_latency_ms",
    "offline_expected_qps",
    "server_target_qps",
    "single_stream_expected_latency_ns",
    "multi_stream_expected_latency_ns",
)
"""Fields that state what a run is expected to show, first match wins."""


_UNIT_ENDS = {
    "offline_expected_qps": "samples/s",
    "_qps": "queries/s",
    "_ns": "ns",
    "_us": "us",
    "_ms": "ms",
}
"""Units by the end of a field's name, for declarations that state none."""


class Lookup:
    """Indices over one Catalog; built once a view."""

    def __init__(self, catalog: Catalog) -> None:
        """Index entries, targets, workloads and fields by name."""
        self.catalog = catalog
        self.foreign = catalog.dialect != OURS
        self.targets: dict[str, Target] = {t.name: t for t in catalog.targets}
        self.workloads: dict[str, Workload] = {w.name: w for w in catalog.workloads}
        self.entries: dict[str, Entry] = {e.key: e for e in catalog.entries if not e.rejected}
        self._of: dict[str, list[Entry]] = defaultdict(list)
        self._rejected: dict[str, list[Entry]] = defaultdict(list)
        for entry in catalog.entries:
            (self._rejected if entry.rejected else self._of)[entry.target].append(entry)
        self._fields: dict[str, list[FieldSpec]] = defaultdict(list)
        for spec in catalog.fields:
            self._fields[spec.name].append(spec)

    def entries_of(self, target: str, workload: str = "") -> list[Entry]:
        """Return the entries of a target in reading order, optionally of one workload."""
        found = [e for e in self._of[target] if not workload or e.workload == workload]
        return sorted(found, key=entry_order)

    def rejected_of(self, target: str) -> list[Entry]:
        """Return the entries of a target that the tree's own checks would refuse."""
        return sorted(self._rejected[target], key=entry_order)

    def workloads_of(self, target: str) -> list[str]:
        """Return the workloads that a target has entries for, in the catalog's order."""
        used = {e.workload for e in self._of[target]}
        known = [w for w in self.workloads if w in used]
        return known + sorted(used - set(known))

    def targets_of(self, workload: str) -> list[Target]:
        """Return the targets that run a workload, in the order of the navigation."""
        return [t for t in self.ordered() if any(e.workload == workload for e in self._of[t.name])]

    def ordered(self) -> list[Target]:
        """Return all targets in the order of the navigation: family, then name."""
        return [t for _, members in self.families() for t in members]

    def families(self) -> list[tuple[str, list[Target]]]:
        """Return the targets by family, in the order of the navigation."""
        groups: dict[str, list[Target]] = defaultdict(list)
        for target in self.catalog.targets:
            groups[target.family].append(target)
        return [
            (family, _in_catalog_order(groups[family]))
            for family in sorted(groups, key=lambda f: _rank(f, _FAMILIES))
        ]

    def held_by(self, target: str, workload: str = "") -> tuple[Entry, ...]:
        """Return the entries of a target, refused ones included, as the Catalog has them."""
        found = (*self._of[target], *self._rejected[target])
        return tuple(e for e in found if not workload or e.workload == workload)

    def scenarios(self, entries: Iterable[Entry]) -> list[str]:
        """Return the scenarios of some entries in reading order."""
        return sorted({e.scenario for e in entries}, key=scenario_order)

    def spec(self, name: str, scenario: str) -> FieldSpec | None:
        """Return the declaration of a field as the entries of a scenario have it."""
        found = self._fields.get(name, [])
        for spec in reversed(found):
            if not spec.scenarios or scenario in spec.scenarios:
                return spec
        return found[0] if found else None

    def title(self, workload: str) -> str:
        """Return the readers' name of a workload; its own name where it is undefined."""
        known = self.workloads.get(workload)
        return known.title if known else workload

    def expected(self, entry: Entry) -> tuple[str, float, str] | None:
        """Return field, value and unit of what an entry expects to measure; None if nothing."""
        for name in _EXPECTED:
            value = entry.values.get(name)
            if value is not None and isinstance(value.resolved, int | float):
                spec = self.spec(name, entry.scenario)
                unit = spec.unit if spec and spec.unit else _unit(name)
                return name, float(value.resolved), unit
        return None

    def basis(self, entry: Entry, field: str) -> str:
        """Return where the figure of a field comes from, as its own source says."""
        value = entry.values.get(field)
        step = holding(value.chain) if value else None
        return step.basis if step else ""

    def sibling(self, target: Target) -> Target | None:
        """Return the target that this one is best compared with; None where there is none."""
        if target.sibling in self.targets:
            return self.targets[target.sibling]
        for name in _relatives(target.name):
            plain_slice = self.foreign and target.mig is not None  # compared with slices
            if name in self.targets and name != target.name and not plain_slice:
                return self.targets[name]
        near = [
            t
            for t in self.catalog.targets
            if t.family == target.family and t.name != target.name and t.devices == target.devices
        ]
        if self.foreign:
            return self._nearest(target, near)
        return min(near, key=lambda t: (_distance(t, target), t.name), default=None)

    def _nearest(self, target: Target, near: list[Target]) -> Target | None:
        """Return the target of some that shares most configurations; None where none does.

        Whole devices are compared with whole ones, slices with slices.
        """
        mine = self._places(target.name)
        shared = {
            t.name: len(mine & self._places(t.name))
            for t in near
            if (t.mig is None) == (target.mig is None)
        }
        best = max(shared.values(), default=0)
        alike = [t for t in near if best and shared.get(t.name) == best]
        return min(alike, key=lambda t: (-_alike(t.name, target.name), t.name), default=None)

    def _places(self, target: str) -> set[tuple[str, str, Setting]]:
        """Return what the entries of a target are for."""
        return {(e.workload, e.scenario, e.setting) for e in self._of[target]}


def entry_order(entry: Entry) -> tuple[object, ...]:
    """Return the sort key of an entry: scenario, accuracy, power, harness; plain ones first."""
    return (
        scenario_order(entry.scenario),
        entry.setting.accuracy,
        entry.setting.power,
        entry.setting.harness.lower() not in PLAIN_HARNESSES,
        entry.setting.harness,
        entry.key,
    )


def group_order(group: str) -> tuple[int, str]:
    """Return the sort key of a group of fields: the order in which a reader tunes."""
    return _rank(group, _GROUPS)


def scenario_title(scenario: str) -> str:
    """Return the name of a scenario as the field writes it."""
    return _SCENARIO_TITLES.get(scenario, scenario)


def scenario_order(scenario: str) -> tuple[int, str]:
    """Return the sort key of a scenario: listed ones in their order, others behind."""
    return _rank(scenario_word(scenario), _SCENARIOS)


def scenario_word(scenario: str) -> str:
    """Return the usual spelling of a scenario: `SingleStream` gives `single-stream`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", scenario).lower()


def variant(entry: Entry) -> str:
    """Return what tells an entry from the others of its workload: `Server, 99.9 %`."""
    words = [scenario_title(entry.scenario)]
    share, power, harness = _parts(entry.setting)
    if share not in PLAIN_SHARES:
        words.append(f"{share} %")
    if power.lower() not in PLAIN_POWERS:
        words.append("MaxQ" if power.lower() == "maxq" else power)
    suffixes = entry.key.rpartition("/")[2].split("@")[1:]
    if harness.lower() not in PLAIN_HARNESSES or harness in suffixes:
        words.append(HARNESS_TITLES.get(harness, harness))
    if suffixes and suffixes[-1].isdecimal() and suffixes[-1] not in {*_parts(entry.setting)}:
        words.append(f"no. {suffixes[-1]}")
    return ", ".join(words)


def _parts(setting: Setting) -> tuple[str, str, str]:
    """Return accuracy in percent, power and harness."""
    return accuracy_share(setting.accuracy), setting.power, setting.harness


def value_label(entry: Entry, field: str) -> str:
    """Return the label of one value of one entry: `h200-resnet50-offline-batch_size`."""
    return slug(f"{entry.key}-{field}")


def holding(chain: tuple[Step, ...]) -> Step | None:
    """Return the step that holds: the last one; None for an empty chain."""
    return chain[-1] if chain else None


def is_set(chain: tuple[Step, ...], kind: str) -> bool:
    """Tell whether somebody set a value, rather than leaving the default of its class."""
    return kind != "default" and bool(chain)


def causes(catalog: Catalog) -> list[Word]:
    """Return the words for why a run is not VALID, where the vocabulary has such an enum."""
    return [w for w in catalog.words if "cause" in w.enum.lower()]


def none_cell() -> str:
    """Return the cell of a value that cannot exist."""
    return DASH


def _rank(word: str, order: tuple[str, ...]) -> tuple[int, str]:
    """Return a sort key: listed words in their order, others behind by name."""
    return (order.index(word) if word in order else len(order), word)


def _in_catalog_order(targets: list[Target]) -> list[Target]:
    """Return targets with every variant right behind its single device."""
    place = {t.name: i for i, t in enumerate(targets)}

    def key(target: Target) -> tuple[int, int, str]:
        """Return the place of the base target, then whole devices before slices."""
        base = next((n for n in _relatives(target.name) if n in place), target.name)
        return (place[base], int(target.mig is not None), target.name)

    return sorted(targets, key=key)


def _relatives(name: str) -> list[str]:
    """Return names that a variant is derived from: without `-x8`, without its MIG slice."""
    names = []
    if re.search(r"-x\d+$", name):
        names.append(re.sub(r"-x\d+$", "", name))
    if "-mig-" in name:
        names.append(name.partition("-mig-")[0])
    if "_MIG_" in name:  # trees of others name no board without a count
        names += [f"{name.partition('_MIG_')[0]}x{count}" for count in (1, 2, 4, 8)]
    return names


def _unit(field: str) -> str:
    """Return the unit that the name of a field ends in; empty where it names none."""
    return next((unit for end, unit in _UNIT_ENDS.items() if field.endswith(end)), "")


def _alike(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _distance(one: Target, other: Target) -> float:
    """Return how far apart two targets are in memory size."""
    sizes = []
    for target in (one, other):
        fact = target.facts.get("memory_gb")
        sizes.append(float(fact.value) if fact and isinstance(fact.value, int | float) else 0.0)
    return abs(sizes[0] - sizes[1])
