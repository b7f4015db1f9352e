"""Judges a submission tree by the rules of a round: `check_tree`.

Everything wrong is found in one pass. A file that is absent is reported once, and what
depends on it is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.policies import submission as rules
from runtime.policies.rounds import Round
from runtime.policies.systems import DIVISIONS
from runtime.submission.check_results import Place, check_scenario
from runtime.submission.check_systems import check_system, read_system
from runtime.submission.findings import Ledger, Report
from runtime.submission.folders import find_folders, report_strays
from runtime.submission.scenarios import SCENARIO_FOLDERS, check_suite
from runtime.submission.tree import Tree, join


def check_tree(root: Path, round_: Round) -> Report:
    """Return the judgement on a tree.

    Args:
        root: Folder that holds `closed`, `open` or `network`.
        round_: Round whose rules hold.

    Raises:
        ArtifactError: The folder, or a part of it, cannot be read.
    """
    tree, ledger = Tree.read(root), Ledger()
    results: list[str] = []
    for division in tree.folders_in(""):
        if division in DIVISIONS:
            tree.claim(division)
            for submitter in tree.folders_in(division):
                tree.claim(join(division, submitter))
                judge = _Submitter(tree, ledger, round_, division, submitter)
                results += judge.check()
        else:
            tree.claim_below(division)
            do = "rename it in lower case" if division.lower() in DIVISIONS else "move it away"
            ledger.add(rules.DIVISION, division, "a folder of that name", do)
    report_strays(tree, ledger)
    found = sorted(ledger.findings, key=lambda f: (f.path, f.rule.id))
    return Report(tree=str(root), round=round_.name, findings=tuple(found), results=tuple(results))


@dataclass(frozen=True)
class _Submitter:
    """One submitter's part of a division."""

    tree: Tree
    ledger: Ledger
    round_: Round
    division: str
    submitter: str

    @property
    def home(self) -> str:
        """Return the submitter's folder."""
        return join(self.division, self.submitter)

    def check(self) -> list[str]:
        """Judge everything in the folder and return the folders of scenarios."""
        tree, code = self.tree, self.round_.code_folder
        named = find_folders(
            tree, self.ledger, self.home, ("systems", code, "documentation", "results")
        )
        for other in tree.folders_in(self.home):
            if other not in named.values():
                tree.claim_below(join(self.home, other))
                path = join(self.home, other)
                self.ledger.add(rules.SUBMITTER_FOLDERS, path, "a folder of that name", "move it")
        if self.division == "open":
            tree.claim(join(self.home, "model_mapping.json"))
        for folder in ("documentation", code):
            if folder in named:
                tree.claim_below(join(self.home, named[folder]))
        self._check_calibration(named.get("documentation", "documentation"))
        if "results" not in named:
            path, do = join(self.home, "results"), "pack the results into it"
            self.ledger.add(rules.SUBMITTER_FOLDERS, path, "no folder", do)
            return []
        return self._check_results(named)

    def _check_calibration(self, folder: str) -> None:
        """Judge the calibration text."""
        place = join(self.home, folder)
        names = [n for n in self.tree.files_in(place) if Path(n).stem == "calibration"]
        filled = [n for n in names if self.tree.text(join(place, n)).strip()]
        if not filled:
            got = f"{names[0]}, which is empty" if names else "no calibration text"
            do = "say how the weights were made; that they were not changed is a text, too"
            self.ledger.add(rules.CALIBRATION, join(place, "calibration.md"), got, do)

    def _check_results(self, named: dict[str, str]) -> list[str]:
        """Judge systems and results and return the folders of scenarios."""
        tree, ledger = self.tree, self.ledger
        home = join(self.home, named["results"])
        systems = join(self.home, named.get("systems", "systems"))
        found: list[str] = []
        benchmarks: set[str] = set()
        for system in tree.folders_in(home):
            tree.claim(join(home, system))
            said = read_system(tree, ledger, join(systems, f"{system}.json"))
            if said is not None:
                check_system(ledger, join(systems, f"{system}.json"), said, self.home)
            suite = str((said or {}).get("system_type", ""))
            for benchmark in tree.folders_in(join(home, system)):
                benchmarks.add(benchmark)
                found += self._check_benchmark(join(home, system, benchmark), benchmark, suite)
        self._check_orphans(systems, set(tree.folders_in(home)))
        self._check_source(named, benchmarks)
        return found

    def _check_benchmark(self, path: str, name: str, suite: str) -> list[str]:
        """Judge the scenarios of a benchmark and return their folders."""
        tree, ledger = self.tree, self.ledger
        tree.claim(path)
        known = {b.name: b for b in self.round_.benchmarks}
        benchmark = known.get(name)
        if benchmark is None:
            tree.claim_below(path)
            names = ", ".join(sorted(known))
            ledger.add(rules.BENCHMARK, path, "a name that the round lacks", f"use one of: {names}")
            return [join(path, scenario) for scenario in tree.folders_in(path)]
        scenarios = check_suite(
            tree, ledger, path, benchmark=benchmark, suite=suite, division=self.division
        )
        found: list[str] = []
        for scenario, folder in scenarios.items():
            place = Place(
                folder=folder,
                division=self.division,
                benchmark=benchmark,
                scenario=scenario,
                edge="edge" in suite,
                round_=self.round_,
            )
            check_scenario(tree, ledger, place)
            found.append(folder)
        return found

    def _check_orphans(self, systems: str, present: set[str]) -> None:
        """Report systems without results."""
        for name in self.tree.files_in(systems):
            path = join(systems, name)
            if name.endswith(".json"):
                self.tree.claim(path)
                if name.removesuffix(".json") not in present:
                    do = "remove it, or add its results"
                    self.ledger.add(rules.SYSTEM_RESULTS, path, "no folder under results", do)

    def _check_source(self, named: dict[str, str], benchmarks: set[str]) -> None:
        """Judge the source code of each benchmark."""
        code = self.round_.code_folder
        home = join(self.home, named.get(code, code))
        for name in sorted(benchmarks):
            inside = join(home, name) + "/"
            if not any(size and path.startswith(inside) for path, size in self.tree.sizes.items()):
                do = "put in the code that talks to LoadGen, with the command that was run"
                self.ledger.add(rules.SOURCE, inside.rstrip("/"), "no file", do)


__all__ = ["SCENARIO_FOLDERS", "check_tree"]
