"""Measures two models side by side: time of an inference, resident memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.calibration.models import open_session
from runtime.errors import Problem, RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 9
"""Rounds of the timing; the models take turns in each."""

ROUND_S = 0.1
"""Least time of one model in one round, in seconds."""

MEMORY_TIMEOUT_S = 120
"""Longest time of a memory measurement."""


def latencies_ms(models: list[tuple[Path, bool]], sample: NDArray[Any]) -> list[float]:
    """Return the median time of one inference of each model, in milliseconds.

    Why: the models take turns, so that a busy machine slows all of them alike.

    Args:
        models: Path, and whether the model has FP8 nodes.
        sample: One batch.
    """
    sessions = [open_session(str(path), fp8=fp8) for path, fp8 in models]
    names = [session.get_inputs()[0].name for session in sessions]
    counts = []
    for session, name in zip(sessions, names, strict=True):
        begin = time.perf_counter()
        session.run(None, {name: sample})
        begin, _ = time.perf_counter(), session.run(None, {name: sample})
        counts.append(max(1, int(ROUND_S / max(1e-6, time.perf_counter() - begin))))
    taken: list[list[float]] = [[] for _ in sessions]
    for _ in range(ROUNDS):
        for index, session in enumerate(sessions):
            begin = time.perf_counter()
            for _ in range(counts[index]):
                session.run(None, {names[index]: sample})
            taken[index].append((time.perf_counter() - begin) / counts[index] * 1000)
    return [statistics.median(times) for times in taken]


def memory_mib(model: Path, shape: tuple[int, ...], *, fp8: bool = False) -> float:
    """Return the resident memory that a model takes in a process of its own, in MiB.

    Args:
        model: Path of the model.
        shape: Shape of the batch that is run.
        fp8: Whether the model has FP8 nodes.

    Raises:
        RunError: The process failed.
    """
    asked = json.dumps({"model": str(model), "shape": shape, "fp8": fp8})
    command = [sys.executable, "-m", "runtime.calibration.compare", asked]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=MEMORY_TIMEOUT_S, check=False
    )
    if done.returncode:
        got = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise RunError(Problem("memory", "a process that runs the model", got, "see the message"))
    return float(done.stdout)


def _report(asked: str) -> float:
    """Return how much this process grows by opening and running a model, in MiB."""
    import numpy as np
    import onnxruntime  # noqa: F401 - its own memory is none of the model's
    import psutil

    plan = json.loads(asked)
    batch = np.zeros(plan["shape"], dtype=np.float32)
    process = psutil.Process()
    before = process.memory_info().rss
    session = open_session(plan["model"], fp8=plan["fp8"])
    for _ in range(3):
        session.run(None, {session.get_inputs()[0].name: batch})
    return (process.memory_info().rss - before) / (1 << 20)


if __name__ == "__main__":
    sys.stdout.write(f"{_report(sys.argv[1]):.3f}\n")
