"""Prints what a Triton server between LoadGen and the model costs, as ratios of one run.

    python tests/benchmarks/bench_triton.py [--json] [--rounds 3] [--seconds 1.5]
        [--largest 128,256] [--batches 1,32,128]

Offline gives samples/s, MultiStream the p99 latency of a query; requests (of the direct harness:
batches) have 1, 32 and 128 samples. `--largest` is what the server's dynamic batcher may put
together; each size has servers of its own, which stay up. The direct harness and all servers take
turns in every round: none sends samples in messages, system in shared memory, overlap too, with
`triton_overlap`. A ratio is the median over rounds of one round's rates.

Fair: one inference thread everywhere (one lane of the direct harness, one model instance). Direct
is one process; client, server and model are three. All may use every core of this machine.

The second table says where a request's time goes, from Triton's counters and the clients' clocks;
the third what one inference costs inside the model's process, from a model that takes the time.
Needs the extra `triton`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil

from runtime.configs.schema import MultiStream, Offline, Settings
from runtime.errors import MissingError
from runtime.loadgen.serving import SERVED, prepare_repository
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.triton.install import Install, find_server
from runtime.triton.server import TritonServer
from runtime.triton.stats import ClientTimes, Statistics, breakdown
from runtime.vocabulary import HarnessKind, Mode, SharedMemory

WINDOWS = {1: 32, 32: 8, 128: 4}
"""Requests in flight by their size."""

RATES = {1: 2_500.0, 32: 20_000.0, 128: 40_000.0}
"""Offline queries are sized for these rates; a direct run is sized for ten times the first."""

GOAL = 0.8
"""Share of the direct rate that 128 samples a request should reach."""

WAYS = ("none", "system", "overlap")

CLOCK = '''
from time import perf_counter


class _Timed(TritonPythonModel):
    """Says every 100 inferences what each cost, in ms: in the session, around it, between."""

    def initialize(self, args):
        super().initialize(args)
        self._spent, self._ended = [0, 0.0, 0.0, 0.0], None
        run, spent = self._session.run, self._spent

        class Session:
            def run(self, *arguments):
                began = perf_counter()
                found = run(*arguments)
                spent[1] += perf_counter() - began
                return found

        self._session = Session()

    def _answers(self, arrays):
        began, spent = perf_counter(), self._spent
        idle = 0.0 if self._ended is None else began - self._ended
        found = super()._answers(arrays)
        self._ended = perf_counter()
        if idle < 0.05:  # longer is the time between two runs
            spent[0] += 1
            spent[2] += self._ended - began
            spent[3] += idle
        if spent[0] == 100:
            inside, whole, idle = (1000 * t / spent[0] for t in spent[1:])
            print(f"INSIDE {inside:.4f} {whole - inside:.4f} {idle:.4f}", flush=True)
            spent[:] = [0, 0.0, 0.0, 0.0]
        return found

TritonPythonModel = _Timed
'''
"""Put behind the model's own source where the time inside is taken."""


def plan_of(settings: Settings, way: str, url: str) -> RunPlan:
    """Return the plan of one measurement."""
    served = way != "direct"
    if served:
        memory = SharedMemory.NONE if way == "none" else SharedMemory.SYSTEM
        settings = dataclasses.replace(
            settings, triton_shared_memory=memory, triton_overlap=way == "overlap"
        )
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


def offline(batch: int, largest: int, seconds: float) -> Offline:
    """Return settings that measure throughput; `largest` 0 is the direct harness."""
    rate = 30_000.0 if not largest and batch == 1 else RATES[batch]
    return Offline(
        target_qps=rate,
        min_duration_ms=1,
        min_sample_count=int(rate * seconds),
        batch_size=largest or batch,
        triton_request_samples=batch,
        triton_window=WINDOWS[batch],
    )


def stream(batch: int, largest: int, seconds: float) -> MultiStream:
    """Return settings that measure the latency of one query after the other."""
    return MultiStream(
        expected_latency_ms=0.02,
        min_duration_ms=int(seconds * 1000),
        min_query_count=662,
        samples_per_query=batch,
        batch_size=largest or batch,
        triton_request_samples=batch,
        triton_window=1,
    )


class Servers:
    """The servers of a benchmark, each ready, by largest batch and whether the model overlaps."""

    def __init__(self, install: Install, folder: Path, stack: ExitStack) -> None:
        self.install, self.folder, self.stack = install, folder, stack
        self.made: dict[tuple[int, str], TritonServer] = {}
        self.codes: list[int] = []

    def start(self, largest: int, way: str, *, timed: bool = False) -> TritonServer:
        """Start one server and return it; it is stopped at the end."""
        place = self.folder / f"{largest}-{way}-{timed}"
        place.mkdir()
        plan = plan_of(offline(1, largest, 1), way, "")
        prepare_repository(plan, place / "repository", self.install)
        if timed:
            with (place / "repository" / "digits" / "1" / "model.py").open("a") as file:
                file.write(CLOCK)
        server = TritonServer(self.install, place / "repository", place, number=len(self.made))
        server.start(["digits"])
        self.stack.callback(lambda: self.codes.append(server.stop()))
        self.made[largest, "timed " + way if timed else way] = server
        return server


def measure(settings: Settings, way: str, server: TritonServer | None) -> dict[str, float]:
    """Run once and return samples/s or the p99 latency in ms, and what it cost."""
    url = server.url if server else ""
    busy = cpu_s(server)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        record = execute(plan_of(settings, way, url), run, evidence=False)
        counts = json.loads((run / SERVED).read_bytes()) if server else None
    if not record.metrics or record.primary is None:
        raise SystemExit(f"{way}: {record.verdict}")
    found = {"value": record.primary.value}
    if counts is not None:
        client, counted = ClientTimes(**counts["client"]), Statistics(**counts["server"])
        found |= {share.name: share.ms for share in breakdown(client, counted)}
        found["samples an inference"] = counted.samples / counted.executions
        found["server us/sample"] = (cpu_s(server) - busy) / counted.samples * 1e6
    return found


def cpu_s(server: TritonServer | None) -> float:
    """Return the processor time of a server with its model's process, in seconds."""
    if server is None:
        return 0.0
    root = psutil.Process(server.pid)
    return sum(sum(p.cpu_times()[:2]) for p in (root, *root.children(recursive=True)))


def inside(server: TritonServer, way: str, batch: int, seconds: float) -> dict[str, float]:
    """Return what one inference costs in the model's process, in ms."""
    measure(offline(batch, batch, seconds), way, server)
    lines = re.findall(r"INSIDE (\S+) (\S+) (\S+)", server.log.read_text())
    names = ("session", "rest of the model", "waits for a batch")
    columns = zip(*lines, strict=True)
    return {n: statistics.median(map(float, c)) for n, c in zip(names, columns, strict=True)}


def compare(
    rounds: int, seconds: float, batches: tuple[int, ...], servers: Servers
) -> list[dict[str, object]]:
    """Return a row for each batch, largest batch and way: rates, ratios, latencies, parts."""
    cases = [(0, "direct"), *servers.made]
    seen: dict[tuple[int, int, str], list[dict[str, float]]] = {}
    tails: dict[tuple[int, int, str], list[float]] = {}
    for number in range(rounds):
        turn = cases if number % 2 == 0 else [cases[0], *reversed(cases[1:])]
        for batch in batches:
            for largest, way in turn:
                server = servers.made.get((largest, way))
                case = batch, largest, way
                rate = measure(offline(batch, largest, seconds), way, server)
                seen.setdefault(case, []).append(rate)
                tail = measure(stream(batch, largest, seconds), way, server)
                tails.setdefault(case, []).append(tail["value"])
                said = f"{rate['value']:,.0f} samples/s, p99 {tail['value']:.3f} ms"
                words = f"round {number + 1}, batch {batch}, largest {largest}, {way}: {said}"
                print(words, file=sys.stderr, flush=True)
    rows: list[dict[str, object]] = []
    for batch in batches:
        base = [one["value"] for one in seen[batch, 0, "direct"]]
        for largest, way in cases:
            found = seen[batch, largest, way]
            rates = [one["value"] for one in found]
            ratios = [a / b for a, b in zip(rates, base, strict=True)]
            parts = {n: statistics.median(o[n] for o in found) for n in found[0] if n != "value"}
            rows.append(
                {
                    "batch": batch,
                    "largest": largest,
                    "way": way,
                    "samples_per_s": statistics.median(rates),
                    "ratio": statistics.median(ratios),
                    "ratios": [round(r, 3) for r in ratios],
                    "p99_ms": statistics.median(tails[batch, largest, way]),
                    "parts": parts,
                }
            )
    return rows


def show(rows: list[dict[str, object]], within: dict[str, dict[str, float]]) -> None:
    """Print the tables."""
    print("batch  largest  way      samples/s   ratio   min to max     p99 ms  server us/sample")
    for row in rows:
        least, most = min(row["ratios"]), max(row["ratios"])
        spread = f"{least:.2f} to {most:.2f}"
        cost = row["parts"].get("server us/sample")
        print(
            f"{row['batch']:>5}  {row['largest'] or '-':>7}  {row['way']:<7} "
            f"{row['samples_per_s']:>10,.0f}  {row['ratio']:>6.2f}   {spread}   "
            f"{row['p99_ms']:>8.3f}  " + ("" if cost is None else f"{cost:>8.1f}")
        )
    print("\nwhere a request's time goes (ms)")
    for row in rows:
        if row["parts"]:
            parts = ", ".join(
                f"{name} {value:.2f}" for name, value in row["parts"].items() if "us/" not in name
            )
            print(f"{row['batch']:>5} {row['largest']:>4} {row['way']:<7}  {parts}")
    for name, parts in within.items():
        print(
            f"inside the model, {name}: " + ", ".join(f"{n} {v:.2f} ms" for n, v in parts.items())
        )


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a list, as `128,256`."""
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--largest", type=numbers, default=(128, 256))
    parser.add_argument("--batches", type=numbers, default=(1, 32, 128))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        install = find_server()
    except MissingError as error:
        print(f"skipped: {error}")
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = Servers(install, Path(folder), stack)
        for largest in options.largest:
            plain = servers.start(largest, "none")
            servers.made[largest, "system"] = plain
            servers.start(largest, "overlap")
        rows = compare(options.rounds, options.seconds, options.batches, servers)
        within = {}
        most = max(options.batches)
        for way in ("system", "overlap"):
            server = servers.start(most, way, timed=True)
            within[f"{way}, {most} samples"] = inside(server, way, most, 2 * options.seconds)
        stack.close()
        codes = servers.codes
    if options.json:
        found = {"server": install.origin, "stopped_with": codes, "rows": rows, "inside": within}
        print(json.dumps({**found, "cores": os.cpu_count()}))
        return
    print(f"{install.origin}; {len(codes)} servers stopped with exit codes {set(codes)}")
    print(f"one inference thread each; every process may use all {os.cpu_count()} cores")
    show(rows, within)
    for largest in options.largest:
        mine = [r for r in rows if r["batch"] == most and r["largest"] == largest]
        for way in WAYS:
            got = next(r["ratio"] for r in mine if r["way"] == way)
            word = "met" if got >= GOAL else "not met"
            print(
                f"goal at {most}, largest {largest}, {way}: at least {GOAL}, got {got:.2f}: {word}"
            )


if __name__ == "__main__":
    main()
