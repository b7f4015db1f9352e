"""How long `docgen lint` and `docgen diff` take on public trees, beside griffe's load of them.

    CALLIOPE_TREES=FOLDER python tests/benchmarks/bench_lint_diff.py [--rounds 3] [--json]

The folder holds `<round>/closed/<submitter>`. Every round runs fresh processes,
interleaved: griffe's load of the folders alone (its import not counted), the commands
with an empty cache and with a warm one (import, reading and printing counted, the bare
start of the interpreter not). Times are of the processor, so that other work on the
machine counts little; printed are medians and their ratios to griffe's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TREES = "CALLIOPE_TREES"
OLD, NEW = "v4.1/closed/NVIDIA", "v5.1/closed/NVIDIA"

CHILD = """
import time
start = time.process_time()
import sys
what, *trees = sys.argv[1:]
if what == "griffe":
    import logging
    logging.disable()
    import griffe
    start = time.process_time()
    for tree in trees:
        loader = griffe.GriffeLoader(search_paths=[tree], allow_inspection=False)
        for name in ("configs", "code"):
            loader.load(name)
else:
    from docgen.cli import main
    words = ["lint", "--fail-on", "never", "--source"] if what == "lint" else ["diff"]
    main([*words, *trees], standalone_mode=False)
print(time.process_time() - start, file=sys.stderr)
"""


def run(what: str, trees: list[Path], cache: Path) -> float:
    """Return the processor seconds of one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, *map(str, trees)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DOCGEN_CACHE": str(cache)},
    )
    return float(done.stderr.splitlines()[-1])


def measure(old: Path, new: Path, rounds: int) -> dict[str, float]:
    """Return medians of interleaved rounds, and their ratios to griffe's load."""
    jobs = {"lint": [old], "diff": [old, new]}
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for what, trees in jobs.items():
            with tempfile.TemporaryDirectory() as name:
                found.setdefault(f"griffe for {what}", []).append(run("griffe", trees, Path(name)))
                for state in ("cold", "warm"):
                    found.setdefault(f"{what} {state}", []).append(run(what, trees, Path(name)))
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    ratios = {
        f"{what} {state} / griffe": middle[f"{what} {state}"] / middle[f"griffe for {what}"]
        for what in jobs
        for state in ("cold", "warm")
    }
    return {**middle, **ratios}


def main() -> None:
    """Print the medians of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each process")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    folder = os.environ.get(TREES, "")
    trees = [Path(folder, name) for name in (OLD, NEW)]
    if not folder or not all(tree.is_dir() for tree in trees):
        print(f"skipped: {TREES} names no folder with {OLD} and {NEW}")
        return
    found = measure(*trees, options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        unit = "" if "/" in name else " s"
        print(f"{name:24} {value:6.2f}{unit}")


if __name__ == "__main__":
    main()
