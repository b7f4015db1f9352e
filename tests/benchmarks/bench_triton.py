"""Prints what a Triton server between LoadGen and the model costs, as ratios of one run.

    python tests/benchmarks/bench_triton.py [--json] [--rounds 3] [--seconds 1.5]

Offline gives samples/s, MultiStream the p99 latency of a query; requests (of the direct harness:
batches) have 1, 32 and 128 samples. Direct harness, messages and system shared memory take turns
in every round, through one server that stays up; the figure is the median over rounds. Triton's
dynamic batcher puts requests together, up to 256 samples. Needs the extra `triton`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from runtime.configs.schema import MultiStream, Offline, Settings
from runtime.errors import MissingError
from runtime.loadgen.serving import prepare_repository
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.triton.install import find_server
from runtime.triton.server import TritonServer
from runtime.vocabulary import HarnessKind, Mode, SharedMemory

BATCHES = (1, 32, 128)
LARGEST = 256
"""Largest batch of the server: it may put two requests of 128 together."""

WINDOWS = {1: 32, 32: 8, 128: 4}
"""Requests in flight by their size."""

RATES = {1: 2_500.0, 32: 20_000.0, 128: 40_000.0}
"""Offline queries are sized for these rates; a direct run is sized for ten times the first."""

GOAL = 0.8
"""Share of the direct rate that 128 samples a request should reach."""

WAYS = ("direct", "none", "system")


def plan_of(settings: Settings, way: str, url: str) -> RunPlan:
    """Return the plan of one measurement."""
    served = way != "direct"
    if served:
        settings = replace(settings, triton_shared_memory=SharedMemory(way))
    return RunPlan(
        key=f"cpu/digits/{settings.scenario}" + ("@triton" if served else ""),
        target="cpu",
        workload="digits",
        scenario=settings.scenario,
        mode=Mode.PERFORMANCE,
        quick=True,
        settings=settings,
        harness=HarnessKind.TRITON if served else HarnessKind.DIRECT,
        servers=(url,) if served else (),
    )


def offline(batch: int, way: str, seconds: float) -> Offline:
    """Return settings that measure throughput."""
    rate = 30_000.0 if way == "direct" and batch == 1 else RATES[batch]
    return Offline(
        target_qps=rate,
        min_duration_ms=1,
        min_sample_count=int(rate * seconds),
        batch_size=batch if way == "direct" else LARGEST,
        triton_request_samples=batch,
        triton_window=WINDOWS[batch],
    )


def stream(batch: int, way: str, seconds: float) -> MultiStream:
    """Return settings that measure the latency of one query after the other."""
    return MultiStream(
        expected_latency_ms=0.02,
        min_duration_ms=int(seconds * 1000),
        min_query_count=662,
        samples_per_query=batch,
        batch_size=batch if way == "direct" else LARGEST,
        triton_request_samples=batch,
        triton_window=1,
    )


def measure(settings: Settings, way: str, url: str) -> float:
    """Run once and return samples/s, or the p99 latency in ms."""
    with tempfile.TemporaryDirectory() as folder:
        record = execute(plan_of(settings, way, url), Path(folder) / "run", evidence=False)
    if record.metrics and record.primary is not None:
        return record.primary.value
    raise SystemExit(f"{way}: {record.verdict}")


def compare(rounds: int, seconds: float, url: str) -> dict[str, dict[str, object]]:
    """Return rates, latencies and ratios by batch."""
    seen: dict[tuple[str, int, str], list[float]] = {}
    for _ in range(rounds):
        for batch in BATCHES:
            for way in WAYS:
                for name, make in (("rate", offline), ("p99", stream)):
                    value = measure(make(batch, way, seconds), way, url)
                    seen.setdefault((name, batch, way), []).append(value)
    found: dict[str, dict[str, object]] = {}
    for batch in BATCHES:
        rates = {way: seen["rate", batch, way] for way in WAYS}
        best = {w: max(a / b for a, b in zip(rates[w], rates["direct"], strict=True)) for w in WAYS}
        middle = {way: statistics.median(values) for way, values in rates.items()}
        found[str(batch)] = {
            "samples_per_s": middle,
            "ratio": {way: middle[way] / middle["direct"] for way in WAYS[1:]},
            "best_round": {way: best[way] for way in WAYS[1:]},
            "p99_ms": {way: statistics.median(seen["p99", batch, way]) for way in WAYS},
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        install = find_server()
    except MissingError as error:
        print(f"skipped: {error}")
        return
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        prepare_repository(plan_of(offline(1, "none", 1), "none", ""), repository, install)
        server = TritonServer(install, repository, Path(folder))
        server.start(["digits"])
        try:
            found = compare(options.rounds, options.seconds, server.url)
        finally:
            code = server.stop()
    if options.json:
        print(json.dumps({"server": install.origin, "stopped_with": code, "batches": found}))
        return
    print(f"{install.origin}; it stopped with exit code {code}")
    print("batch  way      samples/s   ratio   best    p99 ms")
    for batch, figures in found.items():
        for way in WAYS:
            rate, tail = figures["samples_per_s"][way], figures["p99_ms"][way]
            ratio = figures["ratio"].get(way, 1.0)
            best = figures["best_round"].get(way, 1.0)
            print(f"{batch:>5}  {way:<7} {rate:>10,.0f}  {ratio:>6.2f}  {best:>5.2f}  {tail:>8.3f}")
    reached = max(found["128"]["ratio"].values())
    print(
        f"goal at 128: at least {GOAL}, got {reached:.2f}: {'met' if reached >= GOAL else 'not met'}"
    )


if __name__ == "__main__":
    main()
