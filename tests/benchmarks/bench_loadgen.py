"""Prints what the harness costs around LoadGen and around the model, as ratios of one run.

    python tests/benchmarks/bench_loadgen.py [--json] [--rounds 5] [--only PART] [--wait 60]

Every line is the median over rounds in which the variants take turns, each between two
measurements of what it is compared with. The best round is told as well: other work on the
machine mostly makes a round worse; `--wait` starts each measurement at a quiet moment. Single measurements are in loadgen_cases.py.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).with_name("loadgen_cases.py")


@dataclass(frozen=True)
class Line:
    """One comparison: `ours` over `other` (or the other way round where less is better)."""

    name: str
    ours: str
    other: str
    goal: float
    unit: str = "samples/s"
    less_is_better: bool = False


LINES = (
    Line("null_lanes_over_naive", "null-lanes", "null-naive", 3.5),
    Line("digits_over_raw", "digits", "raw-digits", 0.94),
    Line("cpu_of_raw_over_digits", "cpu-1-lane", "cpu-raw", 0.9, "us/sample", True),
    Line("digits_1_process_over_raw", "digits-1-process", "raw-digits", 0.94),
    Line("digits_over_plain", "digits", "plain-offline", 1.3),
    Line("digits_2_lanes_over_1", "digits-2-lanes", "digits", 1.75),
    Line("cpu_of_1_lane_over_2", "cpu-2-lanes", "cpu-1-lane", 0.95, "us/sample", True),
    Line("digits_2_processes_over_1", "digits-2-processes", "digits-1-process", 1.7),
    Line("cpu_of_1_process_over_2", "cpu-2-processes", "cpu-1-process", 0.95, "us/sample", True),
    Line("resnet_over_raw", "resnet", "raw-resnet", 0.99),
    Line("server_plain_p99_over_ours", "server", "plain-server", 2.0, "ms", True),
)
"""What is compared, with the goal for the median."""

NULL_SERVER_P99_MS = 10.0
"""Goal for the p99 of a Server run of 50,000 queries/s whose model does nothing."""


QUIET_PERCENT = 10.0
"""Most that other work may take of the processors when a measurement starts."""

PATIENCE = {"seconds": 0.0}
"""Longest wait for a quiet moment before each measurement; the command line sets it."""


def wait_for_quiet() -> None:
    """Return when the machine is quiet, or has not been for as long as we may wait."""
    import psutil

    end = time.monotonic() + PATIENCE["seconds"]
    while time.monotonic() < end and psutil.cpu_percent(0.5) > QUIET_PERCENT:
        pass


def measure(name: str) -> float:
    """Run one measurement in a fresh process."""
    wait_for_quiet()
    command = [sys.executable, str(CASES), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def compare(line: Line, rounds: int) -> dict[str, object]:
    """Return the ratios of some rounds; ours runs between two of the other."""
    pairs = []
    before = measure(line.other)
    for _ in range(rounds):
        own, after = measure(line.ours), measure(line.other)
        pairs.append((own, (before + after) / 2))
        before = after
    ratios = [b / a if line.less_is_better else a / b for a, b in pairs]
    median = statistics.median(ratios)
    return {
        "median": round(median, 4),
        "best": round(max(ratios), 4),
        "rounds": [round(r, 4) for r in ratios],
        "ours": float(f"{statistics.median(a for a, _ in pairs):.5g}"),
        "other": float(f"{statistics.median(b for _, b in pairs):.5g}"),
        "unit": line.unit,
        "goal": line.goal,
        "met": median >= line.goal,
    }


def null_server(rounds: int) -> dict[str, object]:
    """Return the p99 of null Server runs."""
    values = [measure("null-server") for _ in range(rounds)]
    median = statistics.median(values)
    return {
        "median": round(median, 3),
        "best": round(min(values), 3),
        "rounds": [round(v, 3) for v in values],
        "unit": "ms",
        "goal": NULL_SERVER_P99_MS,
        "met": median < NULL_SERVER_P99_MS,
    }


def show(name: str, item: dict) -> None:
    word = "met" if item["met"] else "NOT met"
    figures = (
        f" ({item['ours']:g} against {item['other']:g} {item['unit']})" if "ours" in item else ""
    )
    print(
        f"{name:28} median {item['median']:6.3f}  best {item['best']:6.3f}  of {item['rounds']}, "
        f"goal {item['goal']:g} {word}{figures}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wait", type=float, default=0.0, help="s to wait for a quiet moment")
    parser.add_argument("--only", default="", help="lines whose name has this text")
    options = parser.parse_args()
    PATIENCE["seconds"] = options.wait
    found: dict[str, dict] = {}
    for line in LINES:
        if options.only in line.name:
            found[line.name] = compare(line, options.rounds)
            if not options.json:
                show(line.name, found[line.name])
    if options.only in "null_server_p99_ms":
        found["null_server_p99_ms"] = null_server(options.rounds)
        if not options.json:
            show("null_server_p99_ms", found["null_server_p99_ms"])
    if options.json:
        print(json.dumps(found, indent=2))
    return 0 if all(item["met"] for item in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
