"""What a background costs on the same processor and on another one, under emulation.

    python tests/benchmarks/bench_mig_run.py [--main digits:server] [--pairs 5] [--out FOLDER] [--json]

Three placements of a main workload and digits Offline as its background, with the launcher of
`harness mig run`: both on one processor, each on its own, and without any binding. Each has
pairs of rounds in alternating order; the floor is the main workload alone, in the same pair.
Writes report, plot and figures of each placement, and one table of all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from runtime.configs.registry import load
from runtime.devices.host import allowed_cores
from runtime.launcher.deciding import emulated
from runtime.launcher.interference import Comparison
from runtime.launcher.launch import Asked, Launch
from runtime.launcher.members import Deadlines
from runtime.launcher.report import Report, ratio_words, summarise, write_files
from runtime.launcher.requests import read_changes, read_requests
from runtime.launcher.rounds import Rounds
from runtime.launcher.telemetry import cpu_probe
from runtime.mig.boards import find_board

SHOWN = ("samples_per_s", "latency_p50_ms", "latency_p99_ms")
"""What is compared: the rate of an Offline main, the latencies of a Server one."""

CHANGES = {"server": ["main.target_latency_ms=10000"]}
"""Latency is what is measured: a bound that a shared processor cannot keep must not judge it."""


def launch_on(cores: dict[str, tuple[int, ...]], main: str, background: str) -> Launch:
    """Return the launch of a pair whose members are bound to these processors."""
    asked = Asked(
        requests=read_requests(main, [background]),
        changes=read_changes(CHANGES.get(main.partition(":")[2], [])),
        quick=True,
        deadlines=Deadlines(settle=1.0, timed=120.0),
    )
    made = emulated(load(), asked, find_board("A30-24GB"), allowed_cores())
    posts = []
    for post in made.posts:
        instance = replace(post.instance, cores=cores[post.name], shared=False)
        posts.append(replace(post, seated=replace(post.seated, instance=instance)))
    return replace(made, posts=tuple(posts))


def measure(name: str, launch: Launch, pairs: int, folder: Path) -> Report:
    """Return the report of one placement."""

    def tell(at: int, count: int, kind: str, part: str, running: object) -> None:
        del running
        sys.stderr.write(f"\r{name}: round {at} of {count} ({kind}), {part}".ljust(78))

    rounds = Rounds(
        launch=launch, folder=folder, repeats=pairs, retries=2, probe=cpu_probe, watcher=tell
    )
    failed = rounds.run()
    sys.stderr.write("\n")
    report = summarise(rounds, failed)
    for problem in write_files(report, folder):
        sys.stderr.write(f"{problem}\n")
    if failed is not None:
        raise SystemExit(f"{name}: {failed.code}: {failed.member}: {failed.text}")
    return report


def row(name: str, report: Report) -> dict[str, object]:
    """Return the figures of one placement."""
    found: dict[str, Comparison] = {c.name: c for c in report.comparisons}
    return {
        "placement": name,
        "pairs": len(report.comparisons[0].alone),
        "disturbed_rounds": report.disturbed,
        "background": report.members[-1].rates,
        **{
            metric: {
                "alone": found[metric].alone,
                "together": found[metric].together,
                "ratio": found[metric].ratio,
                "low": found[metric].low,
                "high": found[metric].high,
            }
            for metric in SHOWN
            if metric in found
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--main", default="digits:offline")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--out", type=Path, help="keeps reports and plots; goes on where it ended")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cores = allowed_cores()
    if len(cores) < 2:
        raise SystemExit("want two processors, got one")
    one, two = (cores[0],), (cores[1],)
    placements = {
        "same processor": {"main": one, "background": one},
        "other processor": {"main": one, "background": two},
        "not bound": {"main": cores, "background": cores},
    }
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or Path(scratch)
        for name, where in placements.items():
            launch = launch_on(where, options.main, "digits:offline")
            report = measure(name, launch, options.pairs, folder / name.replace(" ", "-"))
            rows.append(row(name, report))
            if not options.json:
                for metric in report.comparisons:
                    if metric.name in SHOWN:
                        print(f"{name:16} {metric.name:15} {ratio_words(metric)}")
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
