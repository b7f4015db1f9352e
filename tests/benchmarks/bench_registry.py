"""How long the export of a public harness tree takes beside griffe's load of its folders.

    CALLIOPE_TREE_REGISTRY=TREE python tests/benchmarks/bench_registry.py [--rounds 5] [--json]

Every round runs fresh processes, interleaved: griffe's load alone (its import not
counted), `docgen export` with an empty cache and with a warm one (import, reading,
JSON and writing counted, the bare start of the interpreter not). Prints medians and
peak memory.
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

TREE = "CALLIOPE_TREE_REGISTRY"

CHILD = """
import time
start = time.perf_counter()
import re, sys
from pathlib import Path
what, tree, file = sys.argv[1:]
if what == "griffe":
    import logging
    logging.disable()
    import griffe
    start = time.perf_counter()
    loader = griffe.GriffeLoader(search_paths=[tree], allow_inspection=False)
    for name in ("configs", "code"):
        loader.load(name)
else:
    from docgen.cli import main
    main(["export", "--source", tree, "--lenient", "--output", file], standalone_mode=False)
seconds = time.perf_counter() - start
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(seconds, int(peak) / 1024)
"""


def run(what: str, tree: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds and the peak of memory in MiB of one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(tree), str(folder / "catalog.json")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DOCGEN_CACHE": str(folder / "cache")},
    )
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def measure(tree: Path, rounds: int) -> dict[str, float]:
    """Return medians of interleaved rounds, their ratios and peaks of memory."""
    found: dict[str, list[tuple[float, float]]] = {"griffe": [], "cold": [], "warm": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            found["griffe"].append(run("griffe", tree, Path(name)))
            for what in ("cold", "warm"):
                found[what].append(run("export", tree, Path(name)))
            entries = len(json.loads((Path(name) / "catalog.json").read_bytes())["entries"])
    middle = {what: statistics.median(s for s, _ in rows) for what, rows in found.items()}
    return {
        "entries": entries,
        "rounds": rounds,
        **{f"{what}_s": seconds for what, seconds in middle.items()},
        "cold_to_griffe": middle["cold"] / middle["griffe"],
        **{f"{what}_peak_mib": max(p for _, p in rows) for what, rows in found.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not os.environ.get(TREE):
        parser.error(f"{TREE} names no tree")
    found = measure(Path(os.environ[TREE]).absolute(), options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['entries']} entries, median of {found['rounds']} rounds")
    for what in ("griffe", "cold", "warm"):
        print(f"{what:8} {found[what + '_s']:7.3f} s {found[what + '_peak_mib']:7.0f} MiB")
    print(f"cold is {found['cold_to_griffe']:.2f} x griffe")


if __name__ == "__main__":
    main()
