"""What the rules ask of a Catalog: boards, counts, rates, and how to say what was found."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, FieldSpec, Source, Target
from docgen.findings import Finding, Other
from docgen.foreign import PLAIN_HARNESSES, accuracy_share
from docgen.lint.rules import Rule
from docgen.severities import SEVERITIES

RATES = {
    "target_qps": 1,
    "offline_expected_qps": 1,
    "server_target_qps": 1,
    "expected_latency_ms": -1,
    "single_stream_expected_latency_ns": -1,
    "multi_stream_expected_latency_ns": -1,
}
"""Fields that say how fast a configuration is expected to be: 1 for rates, -1 for latencies."""

_COUNT = re.compile(r"(?<=[A-Za-z0-9])-?[xX](\d+)(?=$|[_-])")
_HOST = re.compile(r"[_-](?:ARM|aarch64|CTS)(?=$|[_x-])", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """How fast a configuration is expected to be."""

    entry: Entry
    """The configuration."""
    field: str
    """Field that says so."""
    value: float
    """Its value."""
    source: Source
    """Where it is set."""
    devices: int
    """Devices of the system."""

    @property
    def speed(self) -> float:
        """Return the value as something that grows with speed: latencies inverted."""
        return self.value if RATES[self.field] > 0 else 1 / self.value

    @property
    def share(self) -> float:
        """Return the speed of one device; a latency does not depend on their number."""
        return self.speed / self.devices if RATES[self.field] > 0 else self.speed

    @property
    def text(self) -> str:
        """Return field and value, and whom it is inherited from where it is."""
        bases, by = self.entry.bases, self.entry.values[self.field].set_by
        inherited = bool(bases) and by != bases[0]
        tail = f" (inherited from {by.rpartition('.')[2]})" if inherited else ""
        return f"{self.field} = {number(self.value)}{tail}"


class Subject:
    """One tree under the rules."""

    def __init__(self, catalog: Catalog, root: Path | None = None) -> None:
        """Index a Catalog; the root gives the text of its files, where there is one."""
        self.catalog = catalog
        self.root = root
        self.targets: dict[str, Target] = {t.name: t for t in catalog.targets}
        self.entries = [e for e in catalog.entries if not e.rejected]
        self.specs: dict[str, list[FieldSpec]] = defaultdict(list)
        for spec in catalog.fields:
            self.specs[spec.name].append(spec)
        self.rates = [rate for e in self.entries if (rate := self._rate(e)) is not None]
        self._peers: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for rate in self.rates:
            self._peers[self._peer_key(rate)].append(rate.share)

    def devices(self, name: str) -> int:
        """Return how many devices a system has."""
        known = self.targets.get(name)
        return known.devices if known is not None and known.devices > 0 else count_in(name)

    def _rate(self, entry: Entry) -> Rate | None:
        """Return how fast an entry is expected to be; None where it does not say."""
        for name in RATES:
            value = entry.values.get(name)
            if value is None or value.kind == "default" or isinstance(value.resolved, bool):
                continue
            if isinstance(value.resolved, int | float) and value.resolved > 0:
                if not _of_scenario(name, entry.scenario):
                    continue
                devices = self.devices(entry.target)
                return Rate(entry, name, float(value.resolved), value.source, devices)
        return None

    def power_share(self, rate: Rate) -> float | None:
        """Return the power limit of a configuration as a share of the board's; None without."""
        limit = rate.entry.values.get("power_limit")
        target = self.targets.get(rate.entry.target)
        facts = target.facts if target is not None else {}
        most = [facts[n].value for n in ("power_limit", "power_w") if n in facts]
        if limit is None or not most or not _is_number(limit.resolved) or not _is_number(most[0]):
            return None
        return float(limit.resolved) / float(most[0])

    def _peer_key(self, rate: Rate) -> tuple[str, ...]:
        """Return what rates have in common that one can be measured by."""
        entry = rate.entry
        return (board_of(entry.target), entry.workload, entry.scenario)

    def suspect(self, one: Rate, other: Rate) -> tuple[Rate, Rate]:
        """Return two rates with the one first that is farther from what its peers expect."""
        return (one, other) if self._oddness(one) >= self._oddness(other) else (other, one)

    def _oddness(self, rate: Rate) -> float:
        """Return by what factor a rate differs from the median of its peers, at least 1."""
        middle = median(self._peers[self._peer_key(rate)])
        return max(rate.share / middle, middle / rate.share)


def _is_number(value: object) -> bool:
    """Tell whether a value is a number above zero."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def work_of(entry: Entry) -> tuple[str, ...]:
    """Return in which number format a configuration computes, and whether with graphs.

    Such settings change the rate by themselves: where they differ, it says nothing about
    anything else.
    """
    names = ("precision", "use_fp8", "use_graphs", "use_cuda_graph")
    values = (entry.values[name].resolved if name in entry.values else None for name in names)
    return tuple(str(value or False) for value in values)


def _of_scenario(field: str, scenario: str) -> bool:
    """Tell whether a rate is that of a scenario; fields of others are inherited at times."""
    word = scenario.lower().replace("-", "")
    start = field.partition("_expected")[0].partition("_target")[0].replace("_", "")
    if field in {"target_qps", "expected_latency_ms"}:
        return True
    return word == start or (word == "interactive" and start == "server")


def count_in(name: str) -> int:
    """Return the number of devices that a system's name states: 8 of `H100_SXM_80GBx8`."""
    found = _COUNT.search(name)
    return int(found[1]) if found else 1


def board_of(name: str) -> str:
    """Return the name of a system without the number of its devices."""
    return _COUNT.sub("", name)


def gpu_of(target: Target | None, name: str) -> str:
    """Return which accelerator a system has, as the tree says, else by its name.

    Hosts are left out: the same board under an Arm host is the same board.
    """
    fact = target.facts.get("accelerators") if target is not None else None
    items = fact.value if fact is not None and isinstance(fact.value, list) else []
    names = [
        str(i["name"]).rpartition(".")[2] for i in items if isinstance(i, dict) and "name" in i
    ]
    if names:
        return "+".join(sorted(names)) + (f"/{target.mig.profile}" if target and target.mig else "")
    return _HOST.sub("", board_of(name))


def place_of(entry: Entry) -> tuple[str, str, str, str, str]:
    """Return workload, scenario, accuracy, power and harness; a direct harness is empty."""
    harness = entry.setting.harness
    return (
        entry.workload,
        entry.scenario,
        accuracy_share(entry.setting.accuracy),
        entry.setting.power.lower(),
        "" if harness.lower() in PLAIN_HARNESSES else harness,
    )


def number(value: float) -> str:
    """Return a number for a message: all digits, thousands apart by plain spaces."""
    return fmt.exact(int(value) if float(value).is_integer() else value).replace(fmt.THIN, " ")


_NEAR_ONE = 0.1
"""How near to one a ratio is told more exactly: 1.007 is not 1."""


def factor(value: float) -> str:
    """Return a ratio with two significant digits, near one with three."""
    return f"{value:.3g}" if abs(value - 1) < _NEAR_ONE else f"{value:.2g}"


def part(value: float) -> str:
    """Return a ratio as what stands before the whole: `0.12 of`, `1.6 times`."""
    return f"{factor(value)} {'of' if value < 1 else 'times'}"


def digit_hint(ratio: float) -> str:
    """Return a remark where a ratio is near a power of ten: a digit too many or too few."""
    for power, words in ((0.1, "a lost zero?"), (0.01, "two lost zeros?")):
        if 0.6 * power <= ratio <= 1.5 * power:
            return words
        if 0.6 / power <= ratio <= 1.5 / power:
            return "a zero too many?" if power == 0.1 else "two zeros too many?"  # noqa: PLR2004
    return ""


def make(
    rule: Rule,
    source: Source,
    want: str,
    got: str,
    *,
    severity: str = "",
    do: str = "",
    others: Iterable[Other] = (),
    keys: Iterable[str] = (),
) -> Finding:
    """Return a finding in the project's form; severity and mend are the rule's by default."""
    mend = do or rule.mend[:1].lower() + rule.mend[1:].removesuffix(".")
    return Finding(
        code=rule.id,
        severity=severity or rule.severity,
        message=f"want {want}, got {got}; {mend}",
        source=source,
        others=tuple(others),
        keys=tuple(dict.fromkeys(keys)),
    )


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those of one rule and place made one.

    A line that several configurations inherit is one finding, with all of them.
    """
    found: dict[tuple[str, str, int], Finding] = {}
    for item in findings:
        key = (item.code, item.source.path, item.source.line)
        if key in found:
            first = found[key]
            found[key] = replace(
                first,
                keys=tuple(dict.fromkeys((*first.keys, *item.keys))),
                others=_distinct((*first.others, *item.others)),
                severity=min(first.severity, item.severity, key=SEVERITIES.index),
            )
        else:
            found[key] = item
    return list(found.values())


def _distinct(others: Iterable[Other]) -> tuple[Other, ...]:
    """Return places, each once."""
    return tuple({(o.source.path, o.source.line): o for o in reversed((*others,))}.values())[::-1]
