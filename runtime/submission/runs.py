"""Run folders of this harness: read, put together by result, checked to belong together."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runtime.configs.workload import Workload
from runtime.errors import Problem
from runtime.loadgen.logs import ACCURACY, DETAIL
from runtime.policies.benchmarks.model import Benchmark
from runtime.policies.rounds import Round
from runtime.record import RunRecord, from_json
from runtime.vocabulary import Mode

RECORD = "record.json"
"""Name of a run's record in its folder."""

SUMMARY = "mlperf_log_summary.txt"
"""Name of LoadGen's summary."""

SIZING = frozenset(
    {"target_qps", "min_duration_ms", "min_sample_count", "min_query_count", "expected_latency_ms"}
)
"""Settings that decide how long a run is and not how a sample is answered."""

SCENARIO_NAMES = {
    "offline": "Offline",
    "server": "Server",
    "single-stream": "SingleStream",
    "multi-stream": "MultiStream",
}
"""Folders of scenarios by the harness's words."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run on the disk."""

    folder: Path
    """Its folder."""
    record: RunRecord
    """Its record."""

    @property
    def logs(self) -> Path:
        """Return the folder of LoadGen's files."""
        return self.folder / self.record.logs

    @property
    def kind(self) -> str:
        """Return what it is for: `performance`, `accuracy`, `TEST01`."""
        return self.record.audit or self.record.mode


@dataclass
class Result:
    """The runs of one scenario."""

    benchmark: Benchmark
    """What the round says of its benchmark."""
    scenario: str
    """The scenario's folder."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Its runs by what they are for."""


def read_runs(folders: Iterable[Path]) -> tuple[list[Run], list[Problem]]:
    """Return the runs of folders, and the problem of each folder that holds no whole run."""
    import msgspec

    runs: list[Run] = []
    problems: list[Problem] = []
    for folder in folders:
        where = f"run {folder}"
        try:
            record = from_json((folder / RECORD).read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            got = getattr(error, "strerror", None) or str(error)
            want = f"a run folder with {RECORD}"
            problems.append(Problem(where, want, got, "name the --out folder of a run"))
            continue
        run = Run(folder=folder, record=record)
        wanted = [DETAIL, SUMMARY] + ([] if run.kind == Mode.PERFORMANCE else [ACCURACY])
        absent = [name for name in wanted if not (run.logs / name).is_file()]
        if absent:
            got = f"no {', no '.join(absent)}"
            problems.append(Problem(where, "LoadGen's logs", got, "measure again"))
        if not (folder / "user.conf").is_file():
            problems.append(Problem(where, "its user.conf", "none", "measure again"))
        runs.append(run)
    return runs, problems


def facts_of(workload: str) -> Workload:
    """Return what a workload's module says of it."""
    module = importlib.import_module(f"runtime.workloads.{workload.replace('-', '_')}")
    facts: Workload = module.WORKLOAD
    return facts


def group_runs(runs: Sequence[Run], round_: Round) -> tuple[list[Result], list[Problem]]:
    """Return the results that runs make up, and what is wrong with them.

    Args:
        runs: The runs.
        round_: Round that they are submitted to.
    """
    found: dict[tuple[str, str], Result] = {}
    problems: list[Problem] = []
    for run in runs:
        benchmark = find_benchmark(run.record, round_)
        where = f"run {run.folder}"
        if benchmark is None:
            got = f"workload {run.record.workload}"
            want = f"a benchmark of round {round_.name}"
            problems.append(Problem(where, want, got, "leave it out"))
            continue
        scenario = SCENARIO_NAMES[run.record.scenario]
        result = found.setdefault(
            (benchmark.name, scenario), Result(benchmark=benchmark, scenario=scenario)
        )
        if run.kind in result.runs:
            got = f"{result.runs[run.kind].folder} too"
            want = f"one {run.kind} run of {benchmark.name} {scenario}"
            problems.append(Problem(where, want, got, "name the one to submit"))
        result.runs[run.kind] = run
    for result in found.values():
        problems += _check_result(result)
    return [found[key] for key in sorted(found)], problems


def find_benchmark(record: RunRecord, round_: Round) -> Benchmark | None:
    """Return the benchmark of a record; None where the round has none.

    Of several benchmarks with one LoadGen name (bert-99, bert-99.9) the key's variant decides.
    """
    name = facts_of(record.workload).loadgen_name
    fitting = [b for b in round_.benchmarks if b.loadgen_name == name]
    high = "99.9" in record.key.partition("@")[2]
    chosen = [b for b in fitting if b.name.endswith("-99.9") == high] or fitting
    return chosen[0] if chosen else None


def _answering(record: RunRecord) -> dict[str, object]:
    """Return the settings that decide how a sample is answered."""
    return {name: value for name, value in record.settings.items() if name not in SIZING}


def _check_result(result: Result) -> list[Problem]:
    """Return what keeps the runs of a result from being one."""
    where = f"{result.benchmark.name} {result.scenario}"
    problems = [
        Problem(where, f"a run of mode {kind}", "none", f"run with --mode {kind} and name it, too")
        for kind in ("performance", "accuracy")
        if kind not in result.runs
    ]
    speed = result.runs.get("performance")
    for kind, run in result.runs.items():
        if speed is None or kind == "performance":
            continue
        for part, before, after in (
            ("model", speed.record.model.sha256, run.record.model.sha256),
            ("settings", _answering(speed.record), _answering(run.record)),
            ("machine", speed.record.machine, run.record.machine),
            ("packages", speed.record.packages, run.record.packages),
            ("code", speed.record.code.commit, run.record.code.commit),
        ):
            if before != after:
                want = f"the {part} of the performance run"
                do = "measure both with the same code, model and settings on the same machine"
                problems.append(Problem(f"{where} {kind}: {part}", want, f"{after}", do))
    return problems
