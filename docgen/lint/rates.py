"""Expected rates held against those of siblings: counts, power, servers, accuracy, scenarios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docgen.findings import Finding, Other
from docgen.lint import rules
from docgen.lint.context import (
    RATES,
    Rate,
    Subject,
    board_of,
    digit_hint,
    gpu_of,
    make,
    number,
    part,
    place_of,
    work_of,
)
from docgen.lint.rules import Rule


@dataclass(frozen=True)
class Bounds:
    """Ratios of speed that are fine, odd, and wrong."""

    low_error: float
    """Below it, an error."""
    low: float
    """Below it, a warning."""
    high: float
    """Above it, a warning."""
    high_error: float
    """Above it, an error."""

    def severity(self, ratio: float) -> str:
        """Return how grave a ratio is; empty where it is fine."""
        if ratio < self.low_error or ratio > self.high_error:
            return "error"
        return "warning" if ratio < self.low or ratio > self.high else ""


COUNT = Bounds(0.5, 0.7, 1.3, 1.5)
"""Rate of N devices to N times the rate of one."""
POWER = Bounds(0.3, 0.45, 1.005, 3.0)
"""MaxQ to MaxP."""
HARNESS = Bounds(0.2, 0.45, 1.3, 1.5)
"""With a model server to without."""
ACCURACY = Bounds(0.0, 0.0, 1.05, 1.5)
"""Higher accuracy target to the lower one."""
SCENARIO = Bounds(0.0, 0.0, 1.1, 1.5)
"""Server to Offline."""
SIBLING = Bounds(0.0, 0.5, 2.0, float("inf"))
"""A system to others with the same boards."""
HOST_LIMIT = 500_000
"""Samples a second from which the host of a model server may be what is slow, not its devices."""
HOST_LEAST = 0.1
"""Rate of such a server to the rate without it below which a host is no excuse."""
GROWTH = 1.2
"""What more devices behind a model server have to bring at least, whatever its host does."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield every finding about expected rates."""
    yield from _counts(subject)
    yield from _powers(subject)
    yield from _harnesses(subject)
    yield from _accuracies(subject)
    yield from _scenarios(subject)
    yield from _siblings(subject)


def _counts(subject: Subject) -> Iterator[Finding]:
    """Yield rates that do not grow with the number of devices."""
    groups: dict[tuple[str, ...], dict[int, Rate]] = defaultdict(dict)
    for rate in subject.rates:
        if RATES[rate.field] > 0:
            key = (board_of(rate.entry.target), *place_of(rate.entry))
            groups[key].setdefault(rate.devices, rate)
    for group in groups.values():
        sizes = sorted(group)
        for small, large in pairwise(sizes):
            one, many = group[small], group[large]
            severity = _count_severity(one, many)
            if severity:
                yield _count_finding(subject, one, many, severity)


def _count_severity(one: Rate, many: Rate) -> str:
    """Return how grave it is that a rate did not grow with the devices; empty where it is fine.

    Every request goes through the host of a model server, so its rate need not grow with
    the devices; that it does not grow at all is wrong.
    """
    ratio = many.share / one.share
    severity = COUNT.severity(ratio)
    served = bool(place_of(many.entry)[_HARNESS])
    if severity and served and ratio < 1:
        return "error" if many.value < GROWTH * one.value else ""
    return severity


def _count_finding(subject: Subject, one: Rate, many: Rate, severity: str) -> Finding:
    """Return the finding of a rate that did not grow, at the odder of the two places."""
    bad, good = subject.suspect(many, one)
    wanted = good.value / good.devices * bad.devices
    return make(
        rules.RATE_COUNT,
        bad.source,
        f"about {number(_round(wanted))} for {bad.devices} device(s), scaled from "
        f"{number(good.value)} for {good.devices}",
        f"{bad.text}, {part(bad.value / wanted)} that",
        severity=severity,
        do=_mend(rules.RATE_COUNT, bad.value / wanted),
        others=[_other(good)],
        keys=[bad.entry.key],
    )


def _round(value: float) -> float:
    """Return a number with three significant digits."""
    return float(f"{value:.3g}")


def _mend(rule: Rule, ratio: float) -> str:
    """Return what to do, with a remark where a digit seems to be missing."""
    hint = digit_hint(ratio)
    mend = rule.mend[:1].lower() + rule.mend[1:].removesuffix(".")
    return f"{hint} {mend}" if hint else mend


def _other(rate: Rate) -> Other:
    """Return a rate as the place that another one was compared with."""
    return Other(source=rate.source, text=f"{rate.text} of {rate.entry.key}")


def _pairs(subject: Subject, part: int) -> Iterator[dict[str, Rate]]:
    """Yield rates that differ in one part of their place only, by that part."""
    groups: dict[tuple[str, ...], dict[str, Rate]] = defaultdict(dict)
    for rate in subject.rates:
        place = place_of(rate.entry)
        key = (rate.entry.target, rate.field, *place[:part], *place[part + 1 :])
        groups[key].setdefault(place[part], rate)
    yield from (group for group in groups.values() if len(group) > 1)


_SCENARIO, _ACCURACY, _POWER, _HARNESS = 1, 2, 3, 4


@dataclass(frozen=True)
class Check:
    """What two rates that differ in one part have to fit."""

    rule: Rule
    """Rule that says so."""
    bounds: Bounds
    """Ratios that are fine."""
    base: str
    """What the first one is."""
    rate: str
    """What the second one is."""


def _compare(subject: Subject, check: Check, base: Rate, rate: Rate) -> Iterator[Finding]:
    """Yield a finding where a rate does not fit its base, at the odder of the two places."""
    severity = _bounds(subject, check, base, rate).severity(rate.speed / base.speed)
    if not severity or rate.source == base.source:
        return
    bad, good = subject.suspect(rate, base)
    mine, its = (check.rate, check.base) if bad is rate else (check.base, check.rate)
    ratio = bad.value / good.value
    yield make(
        check.rule,
        bad.source,
        f"{mine} to fit {its}, {good.text}",
        f"{bad.text}, {part(ratio)} it",
        severity=severity,
        do=_mend(check.rule, ratio),
        others=[_other(good)],
        keys=[bad.entry.key],
    )


def _bounds(subject: Subject, check: Check, base: Rate, rate: Rate) -> Bounds:
    """Return the bounds of a comparison, wider where the two have different power limits."""
    share, other = subject.power_share(rate), subject.power_share(base)
    bounds = check.bounds
    if check.rule is rules.RATE_POWER and share is not None:
        low, lowest = min(bounds.low, share / 2), min(bounds.low_error, share / 3)
        return Bounds(lowest, low, bounds.high, bounds.high_error)
    if check.rule is rules.SERVER_OVER_OFFLINE and share is not None and other is not None:
        more = max(share / other, 1.0)
        return Bounds(0.0, 0.0, bounds.high * more, bounds.high_error * more)
    return bounds


_OF_POWER = Check(rules.RATE_POWER, POWER, "the MaxP value", "the MaxQ value")
_OF_ACCURACY = Check(
    rules.RATE_ACCURACY, ACCURACY, "the value for 99 % accuracy", "the value for 99.9 % accuracy"
)
_OF_SCENARIO = Check(rules.SERVER_OVER_OFFLINE, SCENARIO, "the Offline rate", "the Server rate")


def _powers(subject: Subject) -> Iterator[Finding]:
    """Yield MaxQ rates that do not fit the MaxP rate."""
    for group in _pairs(subject, _POWER):
        if {"maxp", "maxq"} <= set(group):
            yield from _compare(subject, _OF_POWER, group["maxp"], group["maxq"])


def _harnesses(subject: Subject) -> Iterator[Finding]:
    """Yield rates of model servers that do not fit those of the direct harness."""
    for group in _pairs(subject, _HARNESS):
        base = group.get("")
        for name, rate in group.items():
            if base is None or not name or "mig" in name.lower():
                continue
            if work_of(base.entry) == work_of(rate.entry) and not _is_host_bound(base, rate):
                check = Check(
                    rules.RATE_HARNESS,
                    HARNESS,
                    "the value without a server",
                    f"the value for {name}",
                )
                yield from _compare(subject, check, base, rate)


def _is_host_bound(base: Rate, rate: Rate) -> bool:
    """Tell whether a model server may be that much slower for its host alone."""
    fast = RATES[rate.field] > 0 and rate.value >= HOST_LIMIT
    return fast and HOST_LEAST < rate.speed / base.speed < 1


def _accuracies(subject: Subject) -> Iterator[Finding]:
    """Yield higher accuracy targets that are faster than lower ones."""
    for group in _pairs(subject, _ACCURACY):
        if {"99", "99.9"} <= set(group):
            yield from _compare(subject, _OF_ACCURACY, group["99"], group["99.9"])


def _scenarios(subject: Subject) -> Iterator[Finding]:
    """Yield Server rates above the Offline rate."""
    groups: dict[tuple[str, ...], dict[str, Rate]] = defaultdict(dict)
    for rate in subject.rates:
        if RATES[rate.field] > 0:
            workload, scenario, *rest = place_of(rate.entry)
            groups[(rate.entry.target, workload, *rest)].setdefault(scenario.lower(), rate)
    for group in groups.values():
        if {"offline", "server"} <= set(group):
            yield from _compare(subject, _OF_SCENARIO, group["offline"], group["server"])


def _siblings(subject: Subject) -> Iterator[Finding]:
    """Yield rates far off those of other systems with the same board in the same number."""
    groups: dict[tuple[object, ...], dict[str, Rate]] = defaultdict(dict)
    for rate in subject.rates:
        target = subject.targets.get(rate.entry.target)
        board = gpu_of(target, rate.entry.target)
        work = work_of(rate.entry)
        key = (board, rate.devices, rate.field, *place_of(rate.entry), *work)
        groups[key].setdefault(rate.entry.target, rate)
    for group in groups.values():
        members = list(group.values())
        if len(members) < 2:  # noqa: PLR2004 - one has no sibling
            continue
        if len(members) == 2:  # noqa: PLR2004
            bad, good = subject.suspect(members[1], members[0])
            if SIBLING.severity(bad.speed / good.speed):
                yield _sibling_finding(bad, good)
            continue
        middle = median(m.speed for m in members)
        near = min(members, key=lambda m: abs(m.speed - middle))
        yield from (
            _sibling_finding(rate, near)
            for rate in members
            if rate is not near and SIBLING.severity(rate.speed / middle)
        )


def _sibling_finding(rate: Rate, near: Rate) -> Finding:
    """Return the finding of a rate far off a sibling's."""
    ratio = rate.value / near.value
    return make(
        rules.RATE_SIBLING,
        rate.source,
        f"a value that fits {near.entry.target} with the same boards ({near.text})",
        f"{rate.text}, {part(ratio)} that",
        do=_mend(rules.RATE_SIBLING, ratio),
        others=[_other(near)],
        keys=[rate.entry.key],
    )
