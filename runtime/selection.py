"""From words to entries: target, workload, scenario and variant, each checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runtime.configs.registry import Registry
from runtime.configs.schema import Entry
from runtime.errors import Problem, UsageError, suggest
from runtime.vocabulary import AccuracyTarget, HarnessKind, PowerSetting, Scenario

_FLAGS = {
    "target": "--target",
    "workload": "--workload",
    "scenario": "--scenario",
    "accuracy": "--accuracy-target",
    "power": "--power",
    "harness": "--harness",
}


def select(
    registry: Registry,
    *,
    target: str,
    workload: str | None = None,
    scenario: Scenario | str | None = None,
    accuracy: AccuracyTarget | str | None = None,
    power: PowerSetting | str | None = None,
    harness: HarnessKind | str | None = None,
) -> tuple[Entry, ...]:
    """Return the entries that the words name, in the order of the registry.

    A word that is None matches every entry; when workload and scenario are both
    given, None stands for 99 %, MaxP and the direct harness instead.

    Raises:
        UsageError: With every unknown word, each with its likely spelling, or with
            what the target does have when the combination does not exist.
    """
    words = {
        "target": target,
        "workload": workload,
        "scenario": scenario,
        "accuracy": accuracy,
        "power": power,
        "harness": harness,
    }
    known: dict[str, Iterable[object]] = {
        "target": registry.targets,
        "workload": registry.workloads,
        "scenario": Scenario,
        "accuracy": AccuracyTarget,
        "power": PowerSetting,
        "harness": HarnessKind,
    }
    problems = [p for n, word in words.items() for p in unknown_word(_FLAGS[n], word, known[n])]
    if problems:
        raise UsageError(problems)
    single = workload is not None and scenario is not None
    usual = {"accuracy": "99", "power": "maxp", "harness": "direct"} if single else {}
    given = {n: str(w) for n, w in words.items() if w is not None}
    wanted = {**usual, **given}
    found = tuple(
        e
        for e in registry.entries.values()
        if all(str(getattr(e, name)) == word for name, word in wanted.items())
    )
    if not found:
        raise UsageError(_no_such_entry(registry, target, given))
    return found


def unknown_word(flag: str, word: object, known: Iterable[object]) -> list[Problem]:
    """Return the problem of a word that is not known; None is no word."""
    names = [str(k) for k in known]
    if word is None or str(word) in names:
        return []
    kind = flag.removeprefix("--").replace("-", " ")
    return [Problem(flag, f"a known {kind}", repr(str(word)), suggest(str(word), names))]


def _no_such_entry(registry: Registry, target: str, words: Mapping[str, object]) -> Problem:
    """Return the problem of words that are known one by one, but not together."""
    asked = ", ".join(f"{name} {word}" for name, word in words.items() if name != "target")
    has = [e.key for e in registry.entries.values() if e.target == target]
    mend = "it has: " + ", ".join(has) if has else "it has no entries"
    return Problem(f"--target {target}", f"an entry with {asked or 'any workload'}", "none", mend)
