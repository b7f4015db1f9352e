"""How long extraction takes beside griffe's own load of the same packages, in one run.

    python tests/benchmarks/bench_extract.py [--root DIR] [--rounds 5] [--json]

Prints medians of seconds, their ratios and the peak memory of a fresh process each.
griffe.load is the floor: it reads and visits every file and evaluates nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]

CHILD = """
import re, sys
from pathlib import Path
import griffe
from docgen.config import load
from docgen.extract import extract
import docgen.dialects.ours
config = load(Path(sys.argv[2]))
if sys.argv[1] == "griffe":
    for name in dict.fromkeys((*config.packages, *config.api)):
        griffe.load(name, search_paths=[config.root], allow_inspection=False)
elif sys.argv[1] == "extract":
    extract(config, cache=False)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak_mib(what: str, root: Path) -> float:
    """Return the peak resident memory of a fresh process that does one thing (Linux).

    Not from getrusage, whose peak a child inherits from the process that started it.
    """
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout) / 1024


def measure(root: Path, rounds: int) -> dict[str, float]:
    """Return medians of interleaved rounds, their ratios and peaks of memory."""
    import griffe

    from docgen.config import load
    from docgen.extract import extract

    times: dict[str, list[float]] = {"griffe": [], "cold": [], "cached": []}
    with tempfile.TemporaryDirectory() as cache:
        config = load(root, cache=cache)
        packages = tuple(dict.fromkeys((*config.packages, *config.api)))
        catalog = extract(config)

        def floor() -> None:
            for name in packages:
                griffe.load(name, search_paths=[root], allow_inspection=False)

        for _ in range(rounds):
            times["griffe"].append(seconds(floor))
            times["cold"].append(seconds(lambda: extract(config, cache=False)))
            times["cached"].append(seconds(lambda: extract(config)))
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "entries": len(catalog.entries),
        "files": len(catalog.files),
        "rounds": rounds,
        **{f"{name}_s": value for name, value in middle.items()},
        "cold_to_griffe": statistics.median(
            c / g for c, g in zip(times["cold"], times["griffe"], strict=True)
        ),
        "cached_to_griffe": statistics.median(
            c / g for c, g in zip(times["cached"], times["griffe"], strict=True)
        ),
        "griffe_peak_mib": peak_mib("griffe", root),
        "extract_peak_mib": peak_mib("extract", root),
        "imports_peak_mib": peak_mib("nothing", root),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.root.absolute(), options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['files']} files, {found['entries']} entries, median of {found['rounds']}")
    print(f"griffe.load      {found['griffe_s']:8.3f} s   {found['griffe_peak_mib']:6.0f} MiB")
    print(
        f"extract, cold    {found['cold_s']:8.3f} s   {found['extract_peak_mib']:6.0f} MiB"
        f"   {found['cold_to_griffe']:.2f} x griffe"
    )
    print(
        f"extract, cached  {found['cached_s']:8.3f} s{'':14}   {found['cached_to_griffe']:.3f} x griffe"
    )
    print(f"imports alone    {'':10}   {found['imports_peak_mib']:6.0f} MiB")


if __name__ == "__main__":
    main()
