"""Prints what telemetry costs a run: throughput with it over throughput without, and a look.

    python tests/benchmarks/bench_telemetry.py [--json] [--rounds 5]

The run is digits Offline on the processor, of a GPU target whose GPU is the stand-in for
libnvidia-ml: the thread, its interpreter time and its file are real, the driver is not. A real
driver takes longer to answer; the record says how long (`look_ms`), and the thread rests
fifty times as long. Variants take turns; the median over rounds is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime" / "nvml"))

import nvml_standin

VARIANTS = {"none": 0.0, "every_second": 1.0, "every_20_ms": 0.02}
"""Time between two looks, in seconds, by variant."""

SECONDS = 3
"""Least length of a timed part."""


def measure(interval: float, folder: Path) -> tuple[float, float, int]:
    """Return samples/s, the mean time of a look (ms) and the number of looks."""
    from runtime.configs.registry import load
    from runtime.loadgen.session import execute
    from runtime.plan import resolve

    plan = resolve(
        load(),
        target="h200-sxm-141gb",
        workload="digits",
        scenario="offline",
        overrides={"execution_provider": "CPUExecutionProvider", "batch_size": 128},
    )
    rate = 70_000.0
    settings = replace(
        plan.settings, target_qps=rate, min_duration_ms=SECONDS * 1000, min_sample_count=1
    )
    record = execute(replace(plan, settings=settings), folder, telemetry_s=interval, evidence=False)
    value = next(m.value for m in record.metrics if m.name == "samples_per_s")
    seen = record.telemetry[0] if record.telemetry else None
    return value, seen.look_ms if seen else 0.0, seen.looks if seen else 0


def _install(machine: nvml_standin.Standin) -> None:
    """Let the pynvml of this process use the stand-in."""
    import ctypes

    import pynvml

    os.environ[nvml_standin.STATE] = str(machine.path)
    pynvml.nvmlLib = ctypes.CDLL(str(machine.library))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        library = nvml_standin.build(root)
        machine = nvml_standin.Standin(library, root, [nvml_standin.Gpu(*nvml_standin.H200)])
        _install(machine)
        found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in VARIANTS}
        for number in range(options.rounds):
            names = list(VARIANTS)[:: 1 if number % 2 else -1]
            for name in names:
                run = measure(VARIANTS[name], root / f"{name}-{number}")
                found[name].append(run)
                print(f"round {number + 1} {name}: {run[0]:,.0f}", file=sys.stderr)
    rates = {name: [rate for rate, _, _ in rows] for name, rows in found.items()}
    result = {
        f"{name}_over_none": statistics.median(
            a / b for a, b in zip(rates[name], rates["none"], strict=True)
        )
        for name in list(VARIANTS)[1:]
    }
    result["look_ms"] = statistics.median(ms for _, ms, _ in found["every_20_ms"])
    result["looks_per_run"] = statistics.median(count for _, _, count in found["every_20_ms"])
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:<28} {value:8.3f}")


if __name__ == "__main__":
    main()
