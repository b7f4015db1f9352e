"""Fields: set and not declared, declared and not set, named twice, described twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from docgen.catalog import Entry, FieldSpec, Step
from docgen.findings import Finding, Other
from docgen.lint import rules
from docgen.lint.context import Subject, make

_WORDS = {
    "num": "number", "frac": "fraction", "mem": "memory", "freq": "frequency", "max": "maximum",
    "min": "minimum", "sched": "scheduler", "schedule": "scheduler", "cfg": "config",
    "usec": "us", "msec": "ms", "kvcache": "kv cache", "batchsize": "batch size", "dir": "folder",
    "directory": "folder", "lib": "library", "param": "parameter", "len": "length",
}  # fmt: skip
"""Abbreviations that trees use beside the whole word."""

_OF_KEYS = frozenset(
    {"benchmark", "benchmarks", "scenario", "scenarios", "system", "harness_type",
     "accuracy_target", "power_setting"}
)  # fmt: skip
"""Fields whose value is a part of a configuration's key, not one of its settings."""

_SHORT_DOC = 12
_LONGEST_READ = 4_000_000


def check(subject: Subject) -> Iterator[Finding]:
    """Yield every finding about fields."""
    yield from _undeclared(subject)
    yield from _unset(subject)
    yield from _names(subject)
    yield from _docs(subject)
    yield from _redundant(subject)


def _undeclared(subject: Subject) -> Iterator[Finding]:
    """Yield fields that configurations set and nothing declares."""
    if not subject.specs:
        return
    for entry in subject.entries:
        for name, value in entry.values.items():
            if name not in subject.specs:
                near = get_close_matches(name, subject.specs, n=1, cutoff=0.8)
                want = f"the declared field {near[0]}" if near else "a declared field"
                yield make(rules.UNDECLARED_FIELD, value.source, want, name, keys=[entry.key])


def _unset(subject: Subject) -> Iterator[Finding]:
    """Yield fields that no configuration sets, and whether any other file names them."""
    used = {
        name
        for entry in subject.catalog.entries
        for name, value in entry.values.items()
        if value.kind != "default"
    }
    every = [spec for specs in subject.specs.values() for spec in specs]
    unset = [spec for spec in every if spec.name not in used and spec.name not in _OF_KEYS]
    named = _named_in_sources(subject, {spec.name for spec in unset}) if unset else {}
    for spec in unset:
        elsewhere = named.get(spec.name, set()) - {spec.source.path}
        dead = subject.root is not None and not elsewhere and named.get(spec.name) is not None
        where = "" if not dead else ", and no other file names it"
        yield make(
            rules.UNSET_FIELD,
            spec.source,
            f"a configuration that sets {spec.name}",
            f"none of {len(subject.catalog.entries)}{where}",
        )


def _named_in_sources(subject: Subject, names: set[str]) -> dict[str, set[str]]:
    """Return the files of the tree that name each of some fields."""
    if subject.root is None:
        return {}
    found: dict[str, set[str]] = {name: set() for name in names}
    pattern = re.compile(rb"\b(" + b"|".join(sorted(n.encode() for n in names)) + rb")\b")
    for path in _source_files(subject.root):
        try:
            if path.stat().st_size > _LONGEST_READ:
                continue
            data = path.read_bytes()
        except OSError:
            continue
        here = path.relative_to(subject.root).as_posix()
        for name in {match.decode() for match in pattern.findall(data)}:
            found[name].add(here)
    return found


def _source_files(root: Path) -> Iterator[Path]:
    """Yield the files of a tree that can read a field: Python, C++, shell, make."""
    import os

    ends = (".py", ".h", ".hpp", ".cc", ".cpp", ".cu", ".sh")
    for here, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "build")
        for name in sorted(names):
            if name.endswith(ends) or name.startswith("Makefile"):
                yield Path(here, name)


def _normal(name: str) -> tuple[str, ...]:
    """Return the words of a name in full, without plural, sorted."""
    whole = " ".join(_WORDS.get(word, word) for word in re.findall(r"[a-z]+|\d+", name.lower()))
    return tuple(sorted(word.rstrip("s") for word in whole.split()))


def _names(subject: Subject) -> Iterator[Finding]:
    """Yield pairs of declared fields whose names mean the same."""
    groups: dict[tuple[str, ...], dict[str, FieldSpec]] = defaultdict(dict)
    for name, specs in subject.specs.items():
        groups[_normal(name)][name] = specs[0]
    for group in groups.values():
        for one, other in combinations(group.values(), 2):
            if _same_scope(one, other):
                yield make(
                    rules.TWO_NAMES,
                    other.source,
                    "one name for one thing",
                    f"{other.name} beside {one.name}",
                    others=[Other(source=one.source, text=one.name)],
                )


def _same_scope(one: FieldSpec, other: FieldSpec) -> bool:
    """Tell whether one configuration could set both fields."""
    return not one.scenarios or not other.scenarios or bool({*one.scenarios} & {*other.scenarios})


def _docs(subject: Subject) -> Iterator[Finding]:
    """Yield fields whose description is that of another field."""
    groups: dict[str, dict[str, FieldSpec]] = defaultdict(dict)
    for name, specs in subject.specs.items():
        words = " ".join(specs[0].doc.split()).lower()
        if len(words) > _SHORT_DOC:
            groups[words].setdefault(name, specs[0])
    for group in groups.values():
        first, *rest = sorted(group.values(), key=lambda s: (s.source.path, s.source.line))
        for spec in rest:
            yield make(
                rules.SHARED_DOC,
                spec.source,
                f"a description of {spec.name}",
                f"that of {first.name}: {' '.join(spec.doc.split())!r}",
                others=[Other(source=first.source, text=first.name)],
            )


def _redundant(subject: Subject) -> Iterator[Finding]:
    """Yield settings that repeat what they override."""
    for entry in subject.entries:
        for name, value in entry.values.items():
            for before, step in zip(value.chain, value.chain[1:], strict=False):
                if _repeats(before, step):
                    yield _redundant_finding(entry, name, before, step)


def _repeats(before: Step, step: Step) -> bool:
    """Tell whether a step writes down what held before it."""
    places = (before.source.path, before.source.line), (step.source.path, step.source.line)
    same = before.resolved == step.resolved and type(before.resolved) is type(step.resolved)
    return same and places[0] != places[1] and before.set_by != step.set_by


def _redundant_finding(entry: Entry, name: str, before: Step, step: Step) -> Finding:
    """Return the finding of a setting that repeats what it overrides."""
    shown = step.expression if len(step.expression) < 40 else step.expression[:37] + "..."  # noqa: PLR2004
    return make(
        rules.REDUNDANT_SETTING,
        step.source,
        f"no {name} where it is inherited",
        f"{name} = {' '.join(shown.split())} again",
        others=[Other(source=before.source, text=f"{name} in {before.set_by}")],
        keys=[entry.key],
    )
