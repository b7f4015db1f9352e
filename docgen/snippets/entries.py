"""The snippets that follow from the Catalog: how each entry is measured and resolved.

`run:KEY` measures an entry, `accuracy:TARGET/WORKLOAD/SCENARIO` judges the answers of a
target and workload, `resolve:TARGET` resolves everything of a target without running it,
`serve:TARGET` prints how its models would be served.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from docgen.catalog import Catalog, Entry, Setting, Snippet, Target
from docgen.config import Config
from docgen.snippets import needs

RUN_TIMEOUT_S = 600.0
"""Longest time of a measuring run."""

RESOLVE_TIMEOUT_S = 120.0
"""Longest time of a dry run."""

_ACCURACY_SCENARIO = "offline"


def of_entries(catalog: Catalog, config: Config) -> Iterator[Snippet]:
    """Yield the snippets of every target, workload and entry.

    An entry whose key has more than target, workload and scenario gets none, because
    the commands cannot name it.
    """
    targets = {t.name: t for t in catalog.targets}
    maker = _Maker(catalog)
    judged: set[tuple[str, str]] = set()
    for entry in catalog.entries:
        if entry.target not in targets or entry.setting != Setting():
            continue
        if config.commands.run:
            yield maker.measuring("run", config.commands.run, entry)
        if config.commands.accuracy and (entry.target, entry.workload) not in judged:
            chosen = _accuracy_entry(catalog, entry)
            judged.add((entry.target, entry.workload))
            yield maker.measuring("accuracy", config.commands.accuracy, chosen)
    for name in sorted({e.target for e in catalog.entries} & set(targets)):
        if config.commands.resolve:
            yield maker.resolving("resolve", config.commands.resolve, targets[name])
        if config.commands.serve:
            yield maker.resolving("serve", config.commands.serve, targets[name])


def _accuracy_entry(catalog: Catalog, entry: Entry) -> Entry:
    """Return the entry that accuracy is judged with: Offline where there is one."""
    same = [e for e in catalog.entries_of(entry.target, entry.workload) if e.setting == Setting()]
    return next((e for e in same if e.scenario == _ACCURACY_SCENARIO), entry)


_MISSING = "MissingError"
"""Failure by which a harness says that the machine lacks something."""


class _Maker:
    """Makes measuring snippets of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Hold what all of them share."""
        self._catalog = catalog
        self._folders = _folders(catalog)

    def measuring(self, kind: str, command: str, entry: Entry) -> Snippet:
        """Return the snippet that measures an entry: `run:KEY` or `accuracy:KEY`."""
        named = {"target": entry.target, "workload": entry.workload, "scenario": entry.scenario}
        target = self._catalog.target(entry.target)
        board = base_of(target, self._catalog)
        return Snippet(
            id=f"{kind}:{entry.target}/{entry.workload}/{entry.scenario}",
            text=command.format(**named),
            language="console",
            source=entry.source,
            needs=needs_of(target, self._catalog),
            timeout_s=RUN_TIMEOUT_S,
            expect=("exit = 0", "verdict = VALID"),
            measures=entry.key,
            mode="accuracy" if kind == "accuracy" else "performance",
            values=_hash_values(entry, target),
            configs=self._folders,
            missing_exit=_missing_exit(self._catalog),
            pci_ids=board.pci_ids,
            device=re.sub(r"^\d+\s*[x\u00d7]\s*", "", board.title),
        )

    def resolving(self, kind: str, command: str, target: Target) -> Snippet:
        """Return the snippet of a dry run: `resolve:TARGET` or `serve:TARGET`."""
        entries = self._catalog.entries_of(target.name)
        return Snippet(
            id=f"{kind}:{target.name}",
            text=command.format(target=target.name),
            language="console",
            source=target.source,
            missing_exit=_missing_exit(self._catalog) if kind == "serve" else 0,
            timeout_s=RESOLVE_TIMEOUT_S,
            expect=("exit = 0",),
            values=_hash([_hash_values(entry, target) for entry in entries]),
            configs=self._folders,
        )


def needs_of(target: Target, catalog: Catalog) -> str:
    """Return the hardware expression that a target's measurements need."""
    if target.family.lower() == "cpu":
        return "cpu"
    board = base_of(target, catalog)
    mig = f"mig={target.mig.profile}" if target.mig else "mig=off"
    if "jetson" in target.family.lower():
        return f"gpu={board.name} & devices>={target.devices}"
    return f"gpu={board.name} & {mig} & devices>={target.devices}"


def base_of(target: Target, catalog: Catalog) -> Target:
    """Return the single whole device that a target is made of; itself where it is one."""
    if target.devices == 1 and target.mig is None:
        return target
    same = [
        t
        for t in catalog.targets
        if t.devices == 1 and t.mig is None and t.pci_ids and t.pci_ids == target.pci_ids
    ]
    by_name = [t for t in catalog.targets if t.mig is None and target.name.startswith(t.name + "-")]
    return next(iter(same or by_name), target)


def complete(snippet: Snippet, catalog: Catalog) -> Snippet:
    """Return a written snippet with what the Catalog knows of its device and entry."""
    entry = next((e for e in catalog.entries if e.key == snippet.measures), None)
    if entry is not None:
        snippet = msgspec.structs.replace(
            snippet,
            values=_hash_values(entry, catalog.target(entry.target)),
            configs=_folders(catalog),
            missing_exit=_missing_exit(catalog),
        )
    named = [t.value for t in needs.parse(snippet.needs) if t.name == "gpu" and t.compare]
    target = next((t for t in catalog.targets if named and t.name == named[0]), None)
    if target is None:
        return snippet
    return msgspec.structs.replace(snippet, pci_ids=target.pci_ids, device=target.title)


def _missing_exit(catalog: Catalog) -> int:
    """Return the exit code by which the harness says that something is missing; 0 for none."""
    packages = tuple(f"{p.replace('.', '/')}/" for p in catalog.packages)
    found = (f for f in catalog.failures if f.name == _MISSING)
    return next((f.exit_code for f in found if f.source.path.startswith(packages)), 0)


def _folders(catalog: Catalog) -> tuple[str, ...]:
    """Return the folders whose modules hold nothing but configuration."""
    paths = [*(t.source.path for t in catalog.targets), *(e.source.path for e in catalog.entries)]
    return tuple(sorted({f"{PurePosixPath(p).parent}/" for p in paths}))


def _hash_values(entry: Entry, target: Target) -> str:
    """Return a hash over everything that the configuration says of an entry."""
    facts = {name: fact.value for name, fact in target.facts.items()}
    values = {name: value.resolved for name, value in entry.values.items()}
    return _hash([entry.key, target.devices, target.mig, facts, values])


def _hash(value: Any) -> str:
    """Return 16 hex digits of a hash over a value's JSON form."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:16]
