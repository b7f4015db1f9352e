"""How long `docgen check` takes on documents, from the first line of a fresh interpreter.

    python tests/benchmarks/bench_check.py [--source TREE] [--rounds 5] [--json]

Without --source it checks this project. Each figure is the median over fresh processes of
the time from the interpreter's first statement, imports included, to the last verdict: by
the clock, and of the processor. The floor is reading and hashing every file of the tree.
The states are what an earlier check left behind: nothing, the Catalog, everything but the
verdicts, everything but the verdicts on the longest document or on one of middle length, as
after an edit of it, everything. The clock counts the second process too, where there is one;
the processor's time is that of the first alone.
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

import msgspec

ROOT = Path(__file__).parents[2]

CHILD = """
import time
clock, processor = time.perf_counter(), time.process_time()
import dataclasses, json, sys
from pathlib import Path
what, source, cache = sys.argv[1:]
if what == "floor":
    import hashlib, os
    for here, folders, names in os.walk(source):
        folders[:] = [f for f in folders if f not in (".git", "build", ".nox", ".venv")]
        for name in names:
            path = Path(here, name)
            if path.is_file():
                hashlib.sha256(path.read_bytes()).digest()
    claims = 0
else:
    from docgen.config import load
    from docgen.prose.check import check
    from docgen.trees import load_source
    if what == "own":
        config = dataclasses.replace(load(Path(source)), cache=Path(cache))
    else:
        config = dataclasses.replace(load_source(source), cache=Path(cache))
    claims = len(check(config).verdicts)
print(json.dumps([time.perf_counter() - clock, time.process_time() - processor, claims,
                  "sphinx" in sys.modules]))
"""

STATES = {
    "nothing kept": ("*",),
    "Catalog kept": ("verdicts-*", "words-*", "symbols-*", "scans-*"),
    "all but verdicts kept": ("verdicts-*",),
    "longest document edited": (),
    "a middling one edited": (),
    "nothing changed": (),
}
"""What is removed from the cache before a measurement, by state."""


EDITED = {"longest document edited": 1.0, "a middling one edited": 0.5}
"""Place by length of the document that is edited, by state."""


def child(what: str, source: Path, cache: Path) -> tuple[float, float, int]:
    """Return seconds by the clock, of the processor, and the number of claims."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(source), str(cache)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )
    clock, processor, claims, sphinx = json.loads(done.stdout)
    if sphinx:
        sys.exit("the check imported Sphinx")
    return clock, processor, claims


def forget(cache: Path, source: Path, share: float) -> None:
    """Let the cache forget the verdicts on one document: an edit does the same.

    Args:
        cache: Folder of the cache.
        source: Folder of the documents.
        share: Place of the document among all by length, from 0 to 1.
    """
    for path in cache.glob("verdicts-*"):
        kept = msgspec.msgpack.decode(path.read_bytes())
        documents = [name for name in kept if (source / name).is_file()]
        documents.sort(key=lambda name: (source / name).stat().st_size)
        del kept[documents[round(share * (len(documents) - 1))]]
        path.write_bytes(msgspec.msgpack.encode(kept))


def measure(what: str, source: Path, rounds: int) -> dict[str, object]:
    """Return medians by state, and the floor."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        child(what, source, cache)
        for state, patterns in STATES.items():
            times = []
            for _ in range(rounds):
                for pattern in patterns:
                    for path in cache.glob(pattern):
                        path.unlink()
                if state in EDITED:
                    forget(cache, source, EDITED[state])
                times.append(child(what, source, cache))
            found[state] = {
                "clock_s": round(statistics.median(t[0] for t in times), 3),
                "processor_s": round(statistics.median(t[1] for t in times), 3),
            }
            found["claims"] = times[0][2]
        floor = [child("floor", source, cache) for _ in range(rounds)]
    found["floor"] = {
        "clock_s": round(statistics.median(t[0] for t in floor), 3),
        "processor_s": round(statistics.median(t[1] for t in floor), 3),
    }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--source", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    what = "own" if given.source is None else "tree"
    found = measure(what, (given.source or ROOT).absolute(), given.rounds)
    if given.json:
        print(json.dumps(found))
        return
    print(
        f"{found.pop('claims')} claims; seconds by the clock, of the processor, clock to the floor's"
    )
    floor = found["floor"]["clock_s"]
    for state, times in found.items():
        ratio = times["clock_s"] / floor
        print(f"{state:24} {times['clock_s']:7.3f} {times['processor_s']:7.3f} {ratio:7.2f}")


if __name__ == "__main__":
    main()
