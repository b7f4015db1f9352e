"""Systems that exist on paper: what a run of theirs gives follows from the settings alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from runtime.configs.registry import load
from runtime.configs.schema import Offline, Server
from runtime.configs.workload import ModelFile
from runtime.errors import Interrupted, Problem, RunError
from runtime.loadgen.progress import Progress
from runtime.plan import resolve, values_of
from runtime.record import Cause, Code, Machine, Metric, Model, RunRecord, Verdict
from runtime.tuning.axes import axes_of, make_fits
from runtime.tuning.bench import Bench
from runtime.tuning.flow import search
from runtime.tuning.found import Options
from runtime.tuning.journal import Journal, Keys
from runtime.tuning.result import summarise

MACHINE = Machine(cpu="paper", cores=8, memory_gib=1.0, os="none", python="3")


@dataclass
class System:
    """A device whose throughput grows with the batch up to a knee, and with lanes."""

    base: float = 1000.0
    """Samples/s at batch 1 with one lane."""
    knee: int = 64
    """Batch from which on nothing is gained, and the cache starts to lose."""
    lanes: int = 2
    """Lanes from which on nothing is gained."""
    floor_ms: float = 0.5
    """Latency of an idle system."""
    hiccup: float = 0.0
    """Chance that a run is disturbed although the system could hold it."""
    noise: float = 0.0
    """Spread of a figure, as a share."""
    dies_from: int = 10**9
    """Batch from which on a run dies."""
    stop_at: int = 10**9
    """Run in which the user stops the search."""
    seed: int = 0
    calls: list = field(default_factory=list)
    """Settings of every run, in order."""

    def __post_init__(self):
        self._random = random.Random(self.seed)

    def capacity(self, settings) -> float:
        batch = min(settings.batch_size, self.knee)
        gain = batch / (1 + 0.1 * (batch - 1))
        lost = 0.97 ** max(0, (settings.batch_size // self.knee).bit_length() - 1)
        lanes = min(settings.lanes, self.lanes)
        return self.base * gain * lost * lanes * 0.9 ** max(0, settings.lanes - self.lanes)

    def __call__(self, plan, out, on_progress=None, *, evidence=True):
        assert not evidence, "trials leave no copy of their record"
        self.calls.append(plan.settings)
        if len(self.calls) >= self.stop_at:
            raise Interrupted(Problem("run", "to end by itself", "a stop", "go on"))
        settings = plan.settings
        if settings.batch_size >= self.dies_from:
            raise RunError(Problem("child process", "to end with a result", "signal 9", "see"))
        out.mkdir(parents=True)
        capacity = self.capacity(settings) * (1 + self._random.uniform(-self.noise, self.noise))
        if isinstance(settings, Offline):
            return self._offline(plan, settings, capacity, on_progress)
        if isinstance(settings, Server):
            return self._server(plan, settings, capacity, on_progress)
        batch = getattr(settings, "samples_per_query", 1)
        threads = min(settings.intra_op_threads, 4)
        calls = -(-batch // settings.batch_size)
        latency = self.floor_ms * (calls + 0.3 * batch) / threads**0.5
        name = f"latency_p{settings.target_latency_percentile:g}_ms"
        figures = [metric(name, latency, "ms", "lower", primary=True)]
        figures.append(metric("latency_p50_ms", latency * 0.9, "ms", "lower"))
        return record(plan, figures)

    def _offline(self, plan, settings, capacity, on_progress):
        samples = max(settings.min_sample_count, 1)
        seconds = samples / capacity
        report(on_progress, capacity, samples, seconds, "samples")
        if seconds * 1000 < settings.min_duration_ms:
            causes = [Cause(code="min-duration", text="too short", do="set target_qps")]
            return record(plan, [throughput(capacity)], causes)
        return record(plan, [throughput(capacity)])

    def _server(self, plan, settings, capacity, on_progress):
        rate, bound = settings.target_qps, settings.target_latency_ms
        load = rate / capacity
        seconds = max(settings.min_duration_ms / 1000, settings.min_query_count / rate)
        done = min(rate, capacity)
        report(on_progress, done, rate * seconds, seconds, "queries")
        waits = settings.max_queue_delay_us / 1000
        latency = self.floor_ms / (1 - load) + waits if load < 1 else seconds * 500
        median = latency / 5
        if load < 1 and self._random.random() < self.hiccup:
            latency, median = bound * 3, bound / 10
        figures = [
            metric("queries_per_s", done, "queries/s", "higher", primary=True),
            metric("queries_per_s_scheduled", rate, "queries/s", "higher"),
            metric("latency_p50_ms", median, "ms", "lower"),
            metric("latency_p99_ms", latency, "ms", "lower"),
        ]
        late = [Cause(code="latency-bound", text="late", do="less")] if latency > bound else []
        return record(plan, figures, late)

    def best_rate(self, settings) -> float:
        """Return the highest rate that these settings hold."""
        return self.capacity(settings) * (1 - self.floor_ms / settings.target_latency_ms)


def report(on_progress, rate, total, seconds, unit):
    """Tell of a run as a child does: five times a second."""
    elapsed = 0.2
    while on_progress and elapsed < seconds:
        done = min(int(rate * elapsed), int(total))
        on_progress(
            Progress(phase="timed", done=done, total=int(total), unit=unit, elapsed_s=elapsed)
        )
        elapsed += 0.2


def metric(name, value, unit, better, *, primary=False):
    return Metric(name=name, value=value, unit=unit, better=better, primary=primary)


def throughput(value):
    return metric("samples_per_s", value, "samples/s", "higher", primary=True)


def record(plan, metrics, causes=()):
    return RunRecord(
        key=plan.key,
        target=plan.target,
        workload=plan.workload,
        scenario=str(plan.scenario),
        mode=str(plan.mode),
        quick=plan.quick,
        created="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        settings=values_of(plan.settings),
        overrides=plan.overrides,
        metrics=tuple(metrics),
        verdict=Verdict(result="INVALID" if causes else "VALID", causes=tuple(causes)),
        machine=MACHINE,
        packages={},
        code=Code(version="0"),
        model=Model(name="m", sha256="0"),
    )


REGISTRY = load()


def bench_of(system, folder, scenario="server", overrides=(), **options):
    """Return the bench of a search on paper."""
    plan = resolve(
        REGISTRY, target="cpu", workload="digits", scenario=scenario, overrides=overrides
    )
    folder.mkdir(exist_ok=True)
    options = {"trial_s": 1.0, **options}
    return Bench(
        plan=plan,
        folder=folder,
        journal=Journal(folder),
        keys=Keys(plan, "0" * 64),
        execute=system,
        **options,
    )


def search_on(bench, fields=None, **options):
    """Search an entry of the CPU target; with eight cores, whatever this machine has."""
    target, workload = REGISTRY.target("cpu"), REGISTRY.workload("digits")
    axes = [a for a in axes_of(bench.plan.settings, target) if fields is None or a.field in fields]
    return search(bench, tuple(axes), make_fits(target, workload), Options(**options))


def summary(bench, found, **options):
    """Return the result of a search on paper."""
    return summarise(
        bench,
        found,
        Options(**options),
        entry=REGISTRY.entry(bench.plan.key),
        workload=REGISTRY.workload("digits"),
        model=ModelFile(path=Path("m.onnx"), sha256="0" * 64),
    )


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch):
    """Every machine has eight cores on paper, nobody else works on it, and disks are instant."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr("runtime.tuning.axes._cores", lambda: 8)
    monkeypatch.setattr(
        "runtime.tuning.quiet.Meter.read", lambda _: SimpleNamespace(cores=0.0, disturbed=False)
    )


@pytest.fixture
def paper():
    """What the tests of a search are made of."""
    return SimpleNamespace(
        System=System, bench_of=bench_of, search_on=search_on, summary=summary, registry=REGISTRY
    )
