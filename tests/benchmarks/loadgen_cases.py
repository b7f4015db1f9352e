"""The single measurements of bench_loadgen.py: `python loadgen_cases.py NAME` prints one as JSON.

Each is a process of its own, because LoadGen runs one test per process.
"""

from __future__ import annotations

import array
import json
import queue
import sys
import tempfile
import threading
import time
from pathlib import Path

BATCH = 128
"""Samples in a batch of digits, and of the null model."""

SECONDS = 2.0
"""Length of the timed part that runs are sized for."""

DIGITS_QPS = 70_000.0
"""About what one core answers; it sizes the Offline query."""

RESNET_BATCH = 4
"""Samples in a batch of ResNet-50."""

RESNET_SAMPLES = 64
"""Samples of one ResNet-50 measurement: about five seconds of one core."""

SERVER_QPS = 2_000.0
"""Rate at which both Server systems are compared: both can keep it up."""

NULL_SERVER_QPS = 50_000.0
"""Rate of the null Server run."""

NULL_QPS = {"null-naive": 400_000.0, "null-lanes": 2_500_000.0}
"""Sizes of the null Offline queries."""


def run_loadgen(handle, shelf, scenario: str, conf: str, key: str) -> float:
    """Run a test and return one figure of its log."""
    import mlperf_loadgen as lg

    from runtime.loadgen.logs import DETAIL, read_detail
    from runtime.loadgen.settings import make_log_settings

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "user.conf"
        file.write_text("".join(f"*.{scenario}.{line}\n" for line in conf.split("; ")))
        settings = lg.TestSettings()
        settings.FromConfig(str(file), "*", scenario)
        settings.scenario = getattr(lg.TestScenario, scenario)
        settings.mode = lg.TestMode.PerformanceOnly
        lg.StartTestWithLogSettings(handle, shelf, settings, make_log_settings(Path(folder)))
        value = read_detail(Path(folder) / DETAIL).number(key)
    assert value is not None
    return value


class NullSamples:
    note = ""

    def __len__(self) -> int:
        return 1024

    def load(self, indices):
        import numpy as np

        return np.zeros((len(indices), 1), np.float32)


class NullBinding:
    """Answers at once with whatever lies in the output buffer."""

    def __init__(self) -> None:
        import numpy as np

        self.input = np.zeros((BATCH, 1), np.float32)
        self._output = np.zeros(BATCH, np.int64)

    def infer(self, samples):
        return self._output[: len(samples)]


def null_system(scenario):
    """Return our system around a model that does nothing, and its library."""
    from runtime.configs.workload import Tensor
    from runtime.loadgen.lanes import Lane
    from runtime.loadgen.qsl import SampleLibrary
    from runtime.loadgen.sut import SystemUnderTest

    def copy(outputs, out) -> None:
        out[:] = outputs

    library = SampleLibrary(NullSamples(), Tensor(name="x", dtype="float32", shape=(1,)))
    lane = Lane(NullBinding(), library, copy, "int64")
    return SystemUnderTest(scenario, [lane], library, on_error=die), library


def null_offline(name: str) -> float:
    """Samples/s of an Offline run whose model does nothing."""
    import mlperf_loadgen as lg
    import numpy as np

    from runtime.vocabulary import Scenario

    sut, library = null_system(Scenario.OFFLINE)
    handle = sut.construct()
    if name == "null-naive":
        answer = np.zeros(1, np.int64)
        address, size = answer.ctypes.data, answer.itemsize

        def issue(queries: list) -> None:
            for query in queries:
                lg.QuerySamplesComplete([lg.QuerySampleResponse(query.id, address, size)])

        handle = lg.ConstructSUT(issue, lambda: None)
    shelf = lg.ConstructQSL(1024, 1024, library.load, library.unload)
    qps = NULL_QPS[name] * SECONDS / 1.1
    conf = f"target_qps = {qps:.0f}; min_duration = 1000; min_query_count = 1"
    return run_loadgen(handle, shelf, "Offline", conf, "result_samples_per_second")


def null_server() -> float:
    """p99 in ms of our queue and lane, null model."""
    import mlperf_loadgen as lg

    from runtime.vocabulary import Scenario

    sut, library = null_system(Scenario.SERVER)
    sut.start()
    shelf = lg.ConstructQSL(1024, 1024, library.load, library.unload)
    conf = (
        f"target_qps = {NULL_SERVER_QPS:.0f}; target_latency = 1000; min_duration = 3000; "
        "min_query_count = 1000; coalesce_queries = 1"
    )
    key = "result_99.00_percentile_latency_ns"
    return run_loadgen(sut.construct(), shelf, "Server", conf, key) / 1e6


def raw_session(workload: str):
    """Return (run, images): one thread's bare session call, and prepared samples."""
    import importlib

    import numpy as np
    import onnxruntime as ort

    from runtime.artifacts import cache_folder

    module = importlib.import_module(f"runtime.workloads.{workload}")
    model = module.open_model(None, cache_folder())
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
    source = (model.input or module.WORKLOAD.input).name
    outputs = [(model.output or module.WORKLOAD.output).name]
    count = 540 if workload == "digits" else 16
    images = module.open_samples(None).load(np.arange(count))
    return (lambda batch: session.run(outputs, {source: batch})[0]), images


def raw_digits() -> float:
    """Samples/s of a loop around `session.run`, one thread, contiguous batches."""
    run, images = raw_session("digits")
    batches = [images[start : start + BATCH] for start in range(0, 540 - BATCH, BATCH)]
    for batch in batches:
        run(batch)
    count, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        for batch in batches:
            run(batch)
        count += BATCH * len(batches)
    return count / elapsed


def raw_resnet() -> float:
    """Samples/s of the same loop on ResNet-50."""
    run, images = raw_session("resnet50")
    batches = [images[i : i + RESNET_BATCH] for i in range(0, 16, RESNET_BATCH)]
    for batch in batches:
        run(batch)
    began = time.perf_counter()
    for number in range(RESNET_SAMPLES // RESNET_BATCH):
        run(batches[number % len(batches)])
    return RESNET_SAMPLES / (time.perf_counter() - began)


def plan_of(workload: str, settings):
    """Return a quick plan on the CPU."""
    from runtime.plan import RunPlan
    from runtime.vocabulary import Mode

    return RunPlan(
        key=f"cpu/{workload}/{settings.scenario}",
        target="cpu",
        workload=workload,
        scenario=settings.scenario,
        mode=Mode.PERFORMANCE,
        quick=True,
        settings=settings,
    )


def execute(plan, on_progress=None):
    """Return the record of a run in a folder of its own."""
    from runtime.loadgen.session import execute as run

    with tempfile.TemporaryDirectory() as folder:
        return run(plan, Path(folder) / "run", on_progress)


def offline_settings(cores: float, **changes):
    """Return Offline settings for digits, sized for the cores that it will keep busy."""
    from runtime.configs.schema import Offline

    return Offline(
        batch_size=BATCH,
        target_qps=DIGITS_QPS * cores,
        min_duration_ms=round(SECONDS * 1000 / 1.1),
        **changes,
    )


def harness_digits(lanes: int = 1, processes: int = 0) -> float:
    """Samples/s of digits Offline through the whole harness."""
    settings = offline_settings(lanes * max(1, processes), lanes=lanes, processes=processes)
    return execute(plan_of("digits", settings)).primary.value


def harness_resnet() -> float:
    """Samples/s of ResNet-50 Offline through the whole harness, one lane."""
    from runtime.configs.schema import Offline

    settings = Offline(
        batch_size=RESNET_BATCH, target_qps=1.0, min_duration_ms=1, min_sample_count=RESNET_SAMPLES
    )
    return execute(plan_of("resnet50", settings)).primary.value


def cpu_per_sample(lanes: int = 1, processes: int = 0) -> float:
    """CPU time in us of a digits sample: LoadGen's process and all workers, timed part only."""
    import psutil

    seen = []

    def look(progress) -> None:
        if progress.phase == "timed" and progress.done:
            family = psutil.Process().children(recursive=True)
            try:
                used = sum(sum(p.cpu_times()[:2]) for p in family)
            except psutil.NoSuchProcess:
                return
            if len(family) == processes + 1:  # a report may come in after the workers' end
                seen.append((progress.done, used))

    # Half as long again as other runs: the clock of CPU time ticks every 10 ms.
    cores = 1.5 * lanes * max(1, processes)
    settings = offline_settings(cores, lanes=lanes, processes=processes)
    execute(plan_of("digits", settings), look)
    (first, before), (last, after) = seen[0], seen[-2]  # the last may come in after the run
    return (after - before) / (last - first) * 1e6


def cpu_raw() -> float:
    """CPU time in us of a digits sample in a loop around `session.run`."""
    run, images = raw_session("digits")
    batches = [images[start : start + BATCH] for start in range(0, 540 - BATCH, BATCH)]
    for batch in batches:
        run(batch)
    count, began = 0, time.process_time()
    while (used := time.process_time() - began) < SECONDS:
        for batch in batches:
            run(batch)
        count += BATCH * len(batches)
    return used / count * 1e6


def plain_offline() -> float:
    """Samples/s of the straightforward way: one queue, one thread, an answer array a sample."""
    import mlperf_loadgen as lg
    import numpy as np

    run, images = raw_session("digits")
    waiting: queue.Queue = queue.Queue()

    def work() -> None:
        while (batch := waiting.get()) is not None:
            outputs = run(np.stack([images[q.index] for q in batch]))
            kept, responses = [], []
            for query, output in zip(batch, outputs, strict=True):
                answer = array.array("B", np.int64(np.argmax(output)).tobytes())
                kept.append(answer)
                start, size = answer.buffer_info()
                responses.append(lg.QuerySampleResponse(query.id, start, size))
            lg.QuerySamplesComplete(responses)

    def issue(queries: list) -> None:
        for start in range(0, len(queries), BATCH):
            waiting.put(queries[start : start + BATCH])

    worker = threading.Thread(target=work)
    worker.start()
    handle = lg.ConstructSUT(issue, lambda: None)
    shelf = lg.ConstructQSL(540, 540, lambda _: None, lambda _: None)
    qps = DIGITS_QPS * SECONDS / 1.1
    conf = f"target_qps = {qps:.0f}; min_duration = 1000; min_query_count = 1"
    value = run_loadgen(handle, shelf, "Offline", conf, "result_samples_per_second")
    waiting.put(None)
    worker.join()
    return value


def plain_server() -> float:
    """p99 in ms of the straightforward way: a thread for every query."""
    import mlperf_loadgen as lg
    import numpy as np

    run, images = raw_session("digits")

    def work(query) -> None:
        output = run(images[query.index : query.index + 1])
        answer = array.array("B", np.int64(np.argmax(output)).tobytes())
        start, size = answer.buffer_info()
        lg.QuerySamplesComplete([lg.QuerySampleResponse(query.id, start, size)])

    def issue(queries: list) -> None:
        for query in queries:
            threading.Thread(target=work, args=(query,)).start()

    handle = lg.ConstructSUT(issue, lambda: None)
    shelf = lg.ConstructQSL(540, 540, lambda _: None, lambda _: None)
    conf = (
        f"target_qps = {SERVER_QPS:.0f}; target_latency = 10; min_duration = 3000; "
        "min_query_count = 1000"
    )
    key = "result_99.00_percentile_latency_ns"
    return run_loadgen(handle, shelf, "Server", conf, key) / 1e6


def harness_server() -> float:
    """p99 in ms of digits Server through the whole harness."""
    from runtime.configs.schema import Server

    settings = Server(
        target_qps=SERVER_QPS,
        target_latency_ms=10.0,
        batch_size=32,
        min_duration_ms=3000,
        min_query_count=1000,
    )
    record = execute(plan_of("digits", settings))
    return next(m.value for m in record.metrics if m.name == "latency_p99_ms")


def die(error: BaseException) -> None:
    raise SystemExit(str(error))


CASES = {
    "null-naive": lambda: null_offline("null-naive"),
    "null-lanes": lambda: null_offline("null-lanes"),
    "null-server": null_server,
    "raw-digits": raw_digits,
    "raw-resnet": raw_resnet,
    "digits": harness_digits,
    "digits-2-lanes": lambda: harness_digits(lanes=2),
    "digits-1-process": lambda: harness_digits(processes=1),
    "digits-2-processes": lambda: harness_digits(processes=2),
    "cpu-raw": cpu_raw,
    "cpu-1-lane": cpu_per_sample,
    "cpu-2-lanes": lambda: cpu_per_sample(lanes=2),
    "cpu-1-process": lambda: cpu_per_sample(processes=1),
    "cpu-2-processes": lambda: cpu_per_sample(processes=2),
    "plain-offline": plain_offline,
    "plain-server": plain_server,
    "server": harness_server,
    "resnet": harness_resnet,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]]()))
