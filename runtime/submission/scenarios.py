"""Scenarios of a benchmark: how their folders are spelt, and which a suite asks for."""

from __future__ import annotations

from typing import cast

from runtime.policies import submission as rules
from runtime.policies.benchmarks.model import Benchmark, ScenarioName, Suite
from runtime.submission.findings import Ledger
from runtime.submission.tree import Tree, join

SCENARIO_FOLDERS: tuple[ScenarioName, ...] = (
    "Offline",
    "Server",
    "SingleStream",
    "MultiStream",
    "Interactive",
)
"""Names of the folders of scenarios."""

ONLINE = frozenset({"Interactive", "Server"})
"""Of these two, where both are optional, a closed submission needs one.

Source: mlcommons/inference@b66003e10, submission_checker/loader.py, check_scenarios.
"""


def check_suite(
    tree: Tree, ledger: Ledger, path: str, *, benchmark: Benchmark, suite: str, division: str
) -> dict[ScenarioName, str]:
    """Return the folder of each scenario of a benchmark; report what the suite does not want.

    Args:
        tree: The tree.
        ledger: Gets the findings.
        path: The benchmark's folder.
        benchmark: What the round says of it.
        suite: The system's type.
        division: The division.
    """
    found = _find(tree, ledger, path)
    if division == "open" or suite.replace(",", "") not in _SUITES:
        return found
    kind = cast("Suite", "datacenter,edge" if "," in suite else suite)
    required, optional = set(benchmark.required(kind)), set(benchmark.optional(kind))
    for scenario in sorted(set(found) - required - optional):
        got = f"{scenario}, which {benchmark.name} does not have in the suite {suite}"
        ledger.add(rules.SCENARIOS_ALLOWED, found[scenario], got, "submit it in the open division")
    missing: list[str] = sorted(required - set(found))
    if optional >= ONLINE and not ONLINE & set(found):
        missing.append("Interactive or Server")
    if missing and (required or optional):
        got = f"no {', no '.join(missing)}"
        ledger.add(rules.SCENARIOS_REQUIRED, path, got, "measure and pack it, too")
    return found


_SUITES = frozenset({"datacenter", "edge", "datacenteredge", "edgedatacenter"})


def _find(tree: Tree, ledger: Ledger, path: str) -> dict[ScenarioName, str]:
    """Return the folders of scenarios, spelt as they are; report those that are none."""
    found: dict[ScenarioName, str] = {}
    for name in tree.folders_in(path):
        folder = join(path, name)
        meant = [s for s in SCENARIO_FOLDERS if s.lower() == name.lower()]
        if meant and meant[0] not in found:
            found[meant[0]] = folder
            tree.claim(folder)
        if not meant or meant[0] != name:
            names = ", ".join(SCENARIO_FOLDERS)
            do = f"rename it to {meant[0]}" if meant else f"use one of: {names}"
            ledger.add(rules.SCENARIO, folder, f"the name {name!r}", do)
            if not meant:
                tree.claim_below(folder)
    return found
