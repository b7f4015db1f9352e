"""Prints what the harness costs around LoadGen and around the model, as ratios of one run.

    python tests/benchmarks/bench_loadgen.py [--json] [--rounds 5]

Two ratios, each the median over rounds in which the variants take turns:

- null SUT, Offline: our lanes against one Complete per sample (goal: at least 3.5);
- digits, Offline, batch 128: our samples/s against a bare ONNX Runtime session loop
  on one thread (goal: at least 0.92, hoped for 0.96).

Every measurement is a process of its own, because LoadGen runs one test per process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NULL_QPS = {"null-naive": 400_000.0, "null-lanes": 2_500_000.0}
BATCH = 128
SECONDS = 1.5
GOALS = {"null_lanes_over_naive": 3.5, "digits_over_raw": 0.92}


def measure_null(name: str) -> float:
    """Samples/s of an Offline run whose model does nothing."""
    import mlperf_loadgen as lg
    import numpy as np

    from runtime.loadgen.lanes import Lane
    from runtime.loadgen.qsl import SampleLibrary
    from runtime.loadgen.settings import make_log_settings
    from runtime.loadgen.sut import SystemUnderTest
    from runtime.vocabulary import Scenario

    samples, tensor = _null_samples()
    library = SampleLibrary(samples, tensor)
    if name == "null-naive":
        answer = np.zeros(1, np.int64)
        address, size = answer.ctypes.data, answer.itemsize

        def issue(queries: list) -> None:
            for query in queries:
                lg.QuerySamplesComplete([lg.QuerySampleResponse(query.id, address, size)])

        handle = lg.ConstructSUT(issue, lambda: None)
    else:
        lane = Lane(_NullBinding(tensor), library, _null_answers, "int64")
        sut = SystemUnderTest(Scenario.OFFLINE, [lane], library, on_error=_die)
        handle = sut.construct()
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder) / "user.conf"
        conf.write_text(
            f"*.Offline.target_qps = {NULL_QPS[name] * SECONDS / 1.1:.0f}\n"
            "*.Offline.min_duration = 1000\n*.Offline.min_query_count = 1\n"
        )
        settings = lg.TestSettings()
        settings.FromConfig(str(conf), "*", "Offline")
        settings.scenario = lg.TestScenario.Offline
        settings.mode = lg.TestMode.PerformanceOnly
        shelf = lg.ConstructQSL(len(samples), len(samples), library.load, library.unload)
        lg.StartTestWithLogSettings(handle, shelf, settings, make_log_settings(Path(folder)))
        return _samples_per_s(Path(folder))


def measure_raw() -> float:
    """Samples/s of a loop around `session.run`, one thread, contiguous batches."""
    import numpy as np
    import onnxruntime as ort

    from runtime.workloads import digits

    images = digits.open_samples(None).load(np.arange(540))
    path = str(digits.open_model(None, Path()).path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name, out = digits.WORKLOAD.input.name, [digits.WORKLOAD.output.name]
    batches = [images[start : start + BATCH] for start in range(0, 540 - BATCH, BATCH)]
    for batch in batches:
        session.run(out, {name: batch})
    count, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        for batch in batches:
            session.run(out, {name: batch})
        count += BATCH * len(batches)
    return count / elapsed


def measure_digits() -> float:
    """Samples/s of digits Offline through the whole harness."""
    from runtime.configs.schema import Offline
    from runtime.loadgen.session import execute
    from runtime.plan import RunPlan
    from runtime.vocabulary import Mode, Scenario

    settings = Offline(
        batch_size=BATCH, target_qps=70_000.0, min_duration_ms=round(SECONDS * 1000 / 1.1)
    )
    plan = RunPlan(
        key="cpu/digits/offline",
        target="cpu",
        workload="digits",
        scenario=Scenario.OFFLINE,
        mode=Mode.PERFORMANCE,
        quick=True,
        settings=settings,
    )
    with tempfile.TemporaryDirectory() as folder:
        metric = execute(plan, Path(folder) / "run").primary
    assert metric is not None
    return metric.value


class _NullSamples:
    note = ""

    def __len__(self) -> int:
        return 1024

    def load(self, indices):
        import numpy as np

        return np.zeros((len(indices), 1), np.float32)


class _NullBinding:
    """Answers at once with whatever lies in the output buffer."""

    def __init__(self, tensor) -> None:
        import numpy as np

        self.input = np.zeros((BATCH, *tensor.shape), tensor.dtype)
        self._output = np.zeros(BATCH, np.int64)

    def infer(self, samples):
        return self._output[: len(samples)]


def _null_samples():
    from runtime.configs.workload import Tensor

    return _NullSamples(), Tensor(name="x", dtype="float32", shape=(1,))


def _null_answers(outputs, out) -> None:
    out[:] = outputs


def _die(error: BaseException) -> None:
    raise SystemExit(str(error))


def _samples_per_s(folder: Path) -> float:
    from runtime.loadgen.logs import DETAIL, read_detail

    value = read_detail(folder / DETAIL).number("result_samples_per_second")
    assert value is not None
    return value


def measure(name: str) -> float:
    """Run one measurement in a fresh process."""
    command = [sys.executable, __file__, "--measure", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout.split()[-1])


def compare(rounds: int) -> dict[str, dict[str, object]]:
    """Return figures and ratios; ours runs between two of the other."""
    null: list[tuple[float, float]] = []
    digits: list[tuple[float, float]] = []
    for _ in range(rounds):
        null.append(_sandwich("null-lanes", "null-naive"))
        digits.append(_sandwich("digits", "raw"))
    return {
        "null_lanes_over_naive": _summary(null),
        "digits_over_raw": _summary(digits),
    }


def _sandwich(ours: str, other: str) -> tuple[float, float]:
    """Return our figure, and the mean of the other's right before and right after."""
    before, own, after = measure(other), measure(ours), measure(other)
    return own, (before + after) / 2


def _summary(pairs: list[tuple[float, float]]) -> dict[str, object]:
    ratios = [ours / other for ours, other in pairs]
    return {
        "median": round(statistics.median(ratios), 4),
        "ratios": [round(r, 4) for r in ratios],
        "ours": round(statistics.median(p[0] for p in pairs)),
        "other": round(statistics.median(p[1] for p in pairs)),
        "unit": "samples/s",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        one = {"raw": measure_raw, "digits": measure_digits}.get(options.measure)
        print(one() if one else measure_null(options.measure))
        return 0
    found = compare(options.rounds)
    for name, goal in GOALS.items():
        found[name] |= {"goal": goal, "met": found[name]["median"] >= goal}
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, item in found.items():
            word = "met" if item["met"] else "NOT met"
            print(
                f"{name:24} median {item['median']:.3f} of {item['ratios']}, goal {item['goal']} "
                f"{word} ({item['ours']} against {item['other']} samples/s)"
            )
    return 0 if all(item["met"] for item in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
