"""Variants that do not vary: MaxQ without a limit, copies across boards."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from docgen.catalog import Entry
from docgen.findings import Finding, Other
from docgen.lint import rules
from docgen.lint.context import RATES, Subject, gpu_of, make, place_of

LIMITS = frozenset(
    {"power_limit", "cpu_freq", "soc_gpu_freq", "soc_cpu_freq", "soc_dla_freq", "soc_emc_freq"}
)
"""Fields that make a configuration draw less power."""

KEY_PARTS = frozenset({"system", "benchmark", "scenario"})
"""Fields that repeat the key of an entry in some trees."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield every finding about variants."""
    yield from _unlimited(subject)
    yield from _same_power(subject)
    yield from _copies(subject)


def _is_maxq(entry: Entry) -> bool:
    """Tell whether an entry is for MaxQ."""
    return entry.setting.power.lower() == "maxq"


def _unlimited(subject: Subject) -> Iterator[Finding]:
    """Yield MaxQ entries without any limit, where others have one."""
    mine = [e for e in subject.entries if _is_maxq(e)]
    bare = [e for e in mine if not LIMITS & set(e.values)]
    if len(bare) == len(mine):
        return
    for entry in bare:
        yield make(
            rules.MAXQ_UNLIMITED,
            entry.source,
            "a limit such as power_limit in a MaxQ configuration",
            "none of its own and none inherited",
            keys=[entry.key],
        )


def _signature(entry: Entry) -> str:
    """Return every value of an entry but those that repeat its key, as one text."""
    values = {n: v.resolved for n, v in entry.values.items() if n not in KEY_PARTS}
    return json.dumps(values, sort_keys=True)


def _same_power(subject: Subject) -> Iterator[Finding]:
    """Yield MaxQ entries with the values of the MaxP entry."""
    groups: dict[tuple[str, ...], dict[str, Entry]] = defaultdict(dict)
    for entry in subject.entries:
        workload, scenario, accuracy, power, harness = place_of(entry)
        groups[entry.target, workload, scenario, accuracy, harness].setdefault(power, entry)
    for group in groups.values():
        most, least = group.get("maxp"), group.get("maxq")
        if most is not None and least is not None and _signature(most) == _signature(least):
            yield make(
                rules.SAME_AS_MAXP,
                least.source,
                "a value that differs from the MaxP configuration",
                f"all {len(least.values)} equal",
                others=[Other(source=most.source, text=most.key)],
                keys=[least.key],
            )


def _copies(subject: Subject) -> Iterator[Finding]:
    """Yield entries of different boards that agree in every value, a rate included."""
    groups: dict[tuple[object, ...], dict[str, Entry]] = defaultdict(dict)
    for entry in subject.entries:
        if any(n in entry.values and entry.values[n].kind != "default" for n in RATES):
            board = gpu_of(subject.targets.get(entry.target), entry.target)
            groups[(*place_of(entry), _signature(entry))].setdefault(board, entry)
    for group in groups.values():
        first, *rest = group.values()
        if rest and len({e.target for e in group.values()}) > 1:
            boards = ", ".join(e.target for e in rest)
            yield make(
                rules.IDENTICAL_BODY,
                rest[0].source,
                f"values of its own for each board ({boards})",
                f"all {len(first.values)} values of {first.target}",
                others=[Other(source=e.source, text=e.key) for e in (first, *rest[1:])],
                keys=[e.key for e in group.values()],
            )
