"""How good and how fast MIG plans are beside first-fit-decreasing, on random workloads.

    python tests/benchmarks/bench_mig.py [--cases 500] [--json]

Three series: small ones on 4 GPUs (empty and with instances that exist), and 64 workloads on
as many GPUs as they take. Workloads draw memory and SMs that the board's profiles offer. Times
are those of building and solving one plan in a warm process; processor time hardly depends on
other work on the machine.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Sequence

from runtime.mig.boards import Board, find_board
from runtime.mig.firstfit import first_fit
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import layouts
from runtime.mig.needs import Need
from runtime.mig.planner import plan
from runtime.mig.plans import Plan
from runtime.mig.solver import Limits

BOARDS = ("A100-80GB", "H100-80GB-SXM")


def random_needs(board: Board, count: int, source: random.Random) -> list[Need]:
    """Return workloads that ask for a share of what one of the board's profiles has."""
    made = []
    for number in range(count):
        weights = [
            8 if p.size == 1 else 6 if p.size == 2 else 2 if p.size == 4 else 1
            for p in board.profiles
        ]
        profile = source.choices(board.profiles, weights)[0]
        memory = (profile.memory_gib or 1) * source.uniform(0.5, 1)
        sms = (profile.sms or 1) * source.uniform(0.5, 1) if source.random() < 0.7 else None
        made.append(Need(name=f"w{number}", memory=memory, sms=sms))
    return made


def random_gpus(board: Board, count: int, source: random.Random, *, full: bool) -> list[Gpu]:
    """Return GPUs, empty or each with part of a random layout on it."""
    gpus = []
    for index in range(count):
        layout = source.choice(layouts(board)) if full else ()
        current = tuple(
            Instance(profile=p.profile, start=p.start, size=p.size)
            for p in layout
            if source.random() < 0.6
        )
        gpus.append(Gpu(index=index, board=board, current=current))
    return gpus


def measure(name: str, cases: int, needs: int, gpus: int, *, full: bool) -> dict[str, float | str]:
    """Return figures of one series."""
    source = random.Random(name)
    times: list[float] = []
    spent: list[float] = []
    pairs: list[tuple[Plan, Plan | None]] = []
    for case in range(cases):
        board = find_board(BOARDS[case % len(BOARDS)])
        asked = random_needs(board, needs if needs > 20 else source.randint(2, needs), source)
        fleet = random_gpus(board, gpus, source, full=full)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        best = plan(asked, fleet)
        times.append(time.perf_counter() - begin)
        spent.append(time.process_time() - begin_cpu)
        simple = first_fit(asked, fleet)
        if best is not None:
            pairs.append((best, simple))
        elif simple is not None:
            raise SystemExit(f"{name}, case {case}: first-fit-decreasing found a plan, we did not")
    figures: dict[str, float | str] = {"series": name, "cases": cases}
    return {**figures, "times_ms": _times(times), "cpu_ms": _times(spent), **_compared(pairs)}


def _times(times: Sequence[float]) -> str:
    """Return median, 95th percentile and maximum in milliseconds."""
    ordered = sorted(t * 1000 for t in times)
    high = ordered[int(0.95 * (len(ordered) - 1))]
    return f"{statistics.median(ordered):.1f} / {high:.1f} / {ordered[-1]:.1f}"


def _compared(pairs: Sequence[tuple[Plan, Plan | None]]) -> dict[str, float]:
    """Return how the plans compare with first-fit-decreasing."""
    both = [(b.score, s.score) for b, s in pairs if s is not None]
    worse = sum((b.gpus, b.stranded) > (s.gpus, s.stranded) for b, s in both)
    return {
        "feasible": len(pairs),
        "proven": sum(b.proven for b, _ in pairs),
        "worse_than_ffd": worse,
        "ffd_fails": sum(s is None for _, s in pairs),
        "ffd_as_many_gpus": sum(b.gpus == s.gpus for b, s in both),
        "ffd_optimal": sum((b.gpus, b.stranded) == (s.gpus, s.stranded) for b, s in both),
        "worst_gpu_ratio": max((s.gpus / b.gpus for b, s in both), default=0.0),
        "stranded_per_gpu": _mean([float(b.stranded) / b.gpus for b, _ in both]),
        "ffd_stranded_per_gpu": _mean([float(s.stranded) / s.gpus for _, s in both]),
    }


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    boards = [Gpu(index=0, board=find_board(b)) for b in BOARDS]
    plan([Need(name="warm")], boards)
    plan([Need(name="warm")], boards, limits=Limits())  # the solver is loaded now
    cases = options.cases
    found = [
        measure("4 empty GPUs", cases, 14, 4, full=False),
        measure("4 GPUs with instances", cases, 10, 4, full=True),
        measure("64 workloads", max(1, cases // 10), 64, 64, full=False),
    ]
    bad = [s for s in found if s["worse_than_ffd"] or s["proven"] != s["feasible"]]
    if options.json:
        print(json.dumps(found, indent=2))
        raise SystemExit(1 if bad else 0)
    for series in found:
        print(f"{series['series']}: {series['cases']} cases, {series['feasible']} feasible")
        print(f"  plan, median / p95 / max    {series['times_ms']} ms; proven {series['proven']}")
        print(f"  processor time of the same  {series['cpu_ms']} ms")
        print(
            f"  first-fit-decreasing        fails {series['ffd_fails']}, as many GPUs "
            f"{series['ffd_as_many_gpus']}, optimal {series['ffd_optimal']}, worst "
            f"{series['worst_gpu_ratio']:.2f} x the GPUs; better than the plan "
            f"{series['worse_than_ffd']}"
        )
        print(
            f"  stranded a GPU              {series['stranded_per_gpu']:.3f}, first-fit-decreasing "
            f"{series['ffd_stranded_per_gpu']:.3f}"
        )
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
